-- Local accounts: who signs in, what each may see, who is signed in, and who guesses. Small tables, the same everywhere.

create table account (
  name text not null primary key,
  password text not null,               -- argon2id with its salt and parameters (PHC string)
  state integer not null,               -- 1 active, 2 disabled
  made integer not null, changed integer not null
);
-- rights: none by default
create table account_right (
  name text not null, role text not null, trial text not null, site text not null, until integer,
  primary key (name, role, trial, site)
);
-- only the hash of a session's token is kept
create table session (hash blob not null primary key, name text not null, made integer not null, used integer not null);
create index session_name on session (name);
-- failures by SHA-256 of an account's name or of an address
create table attempt (who blob not null primary key, since integer not null, failures integer not null);
