-- Exports: what may be used of a subject since when, the key of pseudonyms, and tables that are locked.

-- every change of `subject.collection`, so that a past moment is asked about as it was
create table collected (
  partition bigint not null check (partition = part(person)), person bytea not null, trial text collate "C" not null, attempt bigint not null, since bigint not null,
  collection bigint not null,
  primary key (partition, person, trial, attempt, since)
);
insert into collected (partition, person, trial, attempt, since, collection)
  select partition, person, trial, attempt, collection_since, collection from subject where collection_since is not null;
-- 32 random bytes by purpose, made when first needed
create table secret (name text collate "C" not null primary key, value bytea not null, made bigint not null);
-- a locked table: what was asked, of which definition, as known when, and the digest of every byte that came of it
create table export_lock (
  name text collate "C" not null primary key,
  trial text collate "C" not null, asked text collate "C" not null,      -- the arguments, as JSON
  definition bytea not null, engine text collate "C" not null, known bigint not null,
  digest bytea not null, bytes bigint not null, row_count bigint not null, parts bytea not null,   -- the persons, each with a digest of their lines
  signed_by text collate "C" not null, meaning text collate "C" not null, at bigint not null
);
