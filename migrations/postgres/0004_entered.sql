-- Which transaction wrote a version: a walk that began before it was committed goes by what was there before, and times do not tell
-- (a transaction that began earlier may be committed later). Never moved: it has a meaning in this database alone.
alter table resource add column entered xid8 not null default pg_current_xact_id();
