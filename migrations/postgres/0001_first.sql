-- The tables of the store, the twin of migrations/sqlite/0001_first.sql: same tables, columns and keys.
-- `partition` leads every key: the first ten bits of the row's own key (the first bytes of the primary key, or the lane;
-- 0 where there is neither), which each table checks. Order by key is therefore order by (partition, key).
-- Keys are hashes or random; code, unit and answer words stand as received. `key_id` waits for a key per person.

create function part(key bytea) returns bigint language sql immutable parallel safe
  return (get_byte(key || '\x0000'::bytea, 0) * 4 + get_byte(key || '\x0000'::bytea, 1) / 64)::bigint;
create function lane_part(lane text) returns bigint language sql immutable parallel safe
  return (ascii(lane) * 4 + ascii(substr(lane, 2, 1)) / 64)::bigint;

-- by item
create table resource (
  partition bigint not null check (partition = part(item)), item bytea not null, version bigint not null,
  source text collate "C" not null, type text collate "C" not null, id text collate "C" not null, patient bytea, known bigint not null,
  state bigint not null,               -- 1 current, 2 superseded, 3 deleted, 4 came late
  source_version text collate "C", source_time bigint,
  made bytea not null,                 -- keys of the facts and identifier rows that this version made
  hash bytea not null, body bytea not null, key_id bigint,
  primary key (partition, item, version)
);
create index resource_known on resource (known, item);   -- a wide read: in order of known time over all partitions

-- by name, 24 bytes: 2 of a hash of all but the last three bytes of the value, then those, so that values given one after another lie
-- side by side; 11 of a hash of source, type and value; 8 of one of the system, so that a value of any system is a range
create table identifier (
  partition bigint not null check (partition = part(name)), name bytea not null, item bytea not null, key_id bigint,
  primary key (partition, name, item)
);
create table guard (partition bigint not null check (partition = part(name)), name bytea not null, at bigint not null, primary key (partition, name));

-- by patient
create table patient (
  partition bigint not null check (partition = part(patient)), patient bytea not null, source text collate "C" not null, id text collate "C" not null,
  person bytea not null, known bigint not null, feed bigint not null, key_id bigint,
  primary key (partition, patient)
);
create table fact (
  partition bigint not null check (partition = part(patient)), patient bytea not null, code bigint not null, at bigint not null, item bytea not null,
  part bigint not null, version bigint not null,
  at_end bigint not null, other_end bigint, recorded bigint, origin bigint not null, kind bigint not null,
  low text collate "C", high text collate "C", text text collate "C", unit text collate "C", status bigint not null, low_ref text collate "C", high_ref text collate "C", unit_ref text collate "C",
  context text collate "C", known bigint not null, until bigint, key_id bigint,
  primary key (partition, patient, code, at, item, part, version)   -- a corrected result keeps code and time: version tells them apart
);

-- by person
create table person (partition bigint not null check (partition = part(person)), person bytea not null, state bigint not null, merged_into bytea, primary key (partition, person));
create table member (
  partition bigint not null check (partition = part(person)), person bytea not null, patient bytea not null, since bigint not null, until bigint,
  primary key (partition, person, patient, since)
);
create table pending (
  partition bigint not null check (partition = part(person)), person bytea not null, mark bigint not null, next_at bigint not null,
  lease text collate "C" not null, lease_until bigint not null, tries bigint not null, why text collate "C" not null,
  primary key (partition, person)
);
create index pending_next on pending (partition, next_at);
create table due (partition bigint not null check (partition = part(person)), person bytea not null, at bigint not null, primary key (partition, person));
create index due_at on due (partition, at);
create table assessment (
  partition bigint not null check (partition = part(person)), person bytea not null, trial text collate "C" not null, version bigint not null, seen bytea not null,
  at bigint not null, definition bytea not null, terms bytea not null, engine text collate "C" not null, result text collate "C" not null, form bytea not null, key_id bigint,
  primary key (partition, person, trial)
);
create index assessment_result on assessment (partition, trial, result, person);
create table assessed (
  partition bigint not null check (partition = part(person)), person bytea not null, trial text collate "C" not null, version bigint not null, seen bytea not null,
  at bigint not null, definition bytea not null, terms bytea not null, engine text collate "C" not null, result text collate "C" not null, form bytea not null, key_id bigint,
  primary key (partition, person, trial, version)
);
create table standing (
  partition bigint not null check (partition = part(person)), person bytea not null, trial text collate "C" not null, attempt bigint not null, version bigint not null,
  status text collate "C" not null, removed bigint not null, actor text collate "C", role text collate "C", reason text collate "C" not null, evidence bytea not null,
  at bigint not null, expires bigint, assessment bigint, key_id bigint,
  primary key (partition, person, trial, attempt, version)
);
create table subject (
  partition bigint not null check (partition = part(person)), person bytea not null, trial text collate "C" not null, attempt bigint not null,
  id text collate "C" not null, collection bigint not null, collection_since bigint,
  primary key (partition, person, trial, attempt)
);
create index subject_id on subject (id);
create table outbox (
  partition bigint not null check (partition = part(person)), target text collate "C" not null, person bytea not null, trial text collate "C" not null, attempt bigint not null,
  wanted bigint not null, sent bigint, remote text collate "C", etag text collate "C", tries bigint not null, first_failed bigint,
  next_at bigint not null, lease text collate "C", lease_until bigint not null, state bigint not null, answer text collate "C",
  primary key (partition, target, person, trial, attempt)
);
create index outbox_next on outbox (partition, next_at);
create table alert (
  partition bigint not null check (partition = part(person)), person bytea not null, trial text collate "C" not null, kind text collate "C" not null, text text collate "C" not null, at bigint not null,
  closed bigint, primary key (partition, person, trial, kind)
);
create table counted (partition bigint not null check (partition = part(person)), person bytea not null, trial text collate "C" not null, status text collate "C" not null, primary key (partition, person, trial));
create table tally (   -- counted beside the person, so that nobody waits for one row; read as sums
  partition bigint not null, trial text collate "C" not null, status text collate "C" not null, count bigint not null, changed bigint not null, primary key (partition, trial, status));

-- by lane
create table audit (
  partition bigint not null check (partition = lane_part(lane)), lane text collate "C" not null, seq bigint not null, at bigint not null, actor text collate "C" not null,
  action text collate "C" not null, purpose text collate "C" not null, person bytea, commitment bytea not null, hash bytea not null,
  primary key (partition, lane, seq)
);
create table audit_detail (partition bigint not null check (partition = lane_part(lane)), lane text collate "C" not null, seq bigint not null, salt bytea not null, detail text collate "C" not null, key_id bigint, primary key (partition, lane, seq));
create function stays() returns trigger language plpgsql as $$ begin raise exception 'audit rows are never changed or removed'; end $$;
create trigger audit_stays before update on audit for each row execute function stays();
create trigger audit_is_kept before delete on audit for each row execute function stays();
create trigger detail_stays before update on audit_detail for each row execute function stays();
create table usage (
  partition bigint not null check (partition = lane_part(lane)), lane text collate "C" not null, source text collate "C" not null, code bigint not null, unit text collate "C" not null,
  count bigint not null, first bigint not null, last bigint not null, primary key (partition, lane, source, code, unit)
);
create table set_aside (
  partition bigint not null, arrival bigint not null, source text collate "C" not null, at bigint not null, reason text collate "C" not null,
  place text collate "C" not null, body bytea not null, state bigint not null, person bytea, key_id bigint, primary key (partition, arrival)
);

-- small tables, the same everywhere
create table code (code bigint primary key, system text collate "C" not null, word text collate "C" not null);
create table definition (trial text collate "C" not null, version bigint not null, digest bytea not null, files bytea not null, at bigint not null, active bigint not null, primary key (digest));
create table terms (source text collate "C" not null, version bigint not null, digest bytea not null, body bytea not null, active bigint not null, primary key (source, version));
create table cursor (name text collate "C" primary key, value text collate "C" not null, at bigint not null);

-- bodies are compressed already
alter table resource alter column body set storage external;
alter table assessment alter column form set storage external;
alter table assessed alter column form set storage external;
