-- Exports: what may be used of a subject since when, the key of pseudonyms, and tables that are locked.

-- every change of `subject.collection`, so that a past moment is asked about as it was
create table collected (
  partition integer not null, person blob not null, trial text not null, attempt integer not null, since integer not null,
  collection integer not null,
  primary key (partition, person, trial, attempt, since)
) without rowid;
insert into collected (partition, person, trial, attempt, since, collection)
  select partition, person, trial, attempt, collection_since, collection from subject where collection_since is not null;
-- 32 random bytes by purpose, made when first needed
create table secret (name text not null primary key, value blob not null, made integer not null);
-- a locked table: what was asked, of which definition, as known when, and the digest of every byte that came of it
create table export_lock (
  name text not null primary key,
  trial text not null, asked text not null,      -- the arguments, as JSON
  definition blob not null, engine text not null, known integer not null,
  digest blob not null, bytes integer not null, row_count integer not null, parts blob not null,   -- the persons, each with a digest of their lines
  signed_by text not null, meaning text not null, at integer not null
);
