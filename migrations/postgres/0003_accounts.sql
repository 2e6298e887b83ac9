-- Local accounts: who signs in, what each may see, who is signed in, and who guesses. Small tables, the same everywhere.

create table account (
  name text collate "C" not null primary key,
  password text collate "C" not null,               -- argon2id with its salt and parameters (PHC string)
  state bigint not null,               -- 1 active, 2 disabled
  made bigint not null, changed bigint not null
);
-- rights: none by default
create table account_right (
  name text collate "C" not null, role text collate "C" not null, trial text collate "C" not null, site text collate "C" not null, until bigint,
  primary key (name, role, trial, site)
);
-- only the hash of a session's token is kept
create table session (hash bytea not null primary key, name text collate "C" not null, made bigint not null, used bigint not null);
create index session_name on session (name);
-- failures by SHA-256 of an account's name or of an address
create table attempt (who bytea not null primary key, since bigint not null, failures bigint not null);
