-- The tables of the store. `partition` leads every key: 0 here, ten bits of the row's own key elsewhere.
-- Keys are hashes or random; code, unit and answer words stand as received. `key_id` waits for a key per person.

-- by item
create table resource (
  partition integer not null, item blob not null, version integer not null,
  source text not null, type text not null, id text not null, patient blob, known integer not null,
  state integer not null,               -- 1 current, 2 superseded, 3 deleted, 4 came late
  source_version text, source_time integer,
  made blob not null,                   -- keys of the facts and identifier rows that this version made
  hash blob not null, body blob not null, key_id integer,
  primary key (partition, item, version)
);                                      -- with rowid: keys are hashes, so only the small index is hit at random, bodies are appended
create index resource_known on resource (partition, known, item);

-- by name, 24 bytes: 2 of a hash of all but the last three bytes of the value, then those, so that values given one after another lie
-- side by side; 11 of a hash of source, type and value; 8 of one of the system, so that a value of any system is a range
create table identifier (
  partition integer not null, name blob not null, item blob not null, key_id integer,
  primary key (partition, name, item)
) without rowid;
create table guard (partition integer not null, name blob not null, at integer not null, primary key (partition, name)) without rowid;

-- by patient
create table patient (
  partition integer not null, patient blob not null, source text not null, id text not null,
  person blob not null, known integer not null, feed integer not null, key_id integer,
  primary key (partition, patient)
) without rowid;
create table fact (
  partition integer not null, patient blob not null, code integer not null, at integer not null, item blob not null,
  part integer not null, version integer not null,
  at_end integer not null, other_end integer, recorded integer, origin integer not null, kind integer not null,
  low text, high text, text text, unit text, status integer not null, low_ref text, high_ref text, unit_ref text,
  context text, known integer not null, until integer, key_id integer,
  primary key (partition, patient, code, at, item, part, version)   -- a corrected result keeps code and time: version tells them apart
) without rowid;

-- by person
create table person (partition integer not null, person blob not null, state integer not null, merged_into blob, primary key (partition, person)) without rowid;
create table member (
  partition integer not null, person blob not null, patient blob not null, since integer not null, until integer,
  primary key (partition, person, patient, since)
) without rowid;
create table pending (
  partition integer not null, person blob not null, mark integer not null, next_at integer not null,
  lease text not null, lease_until integer not null, tries integer not null, why text not null,
  primary key (partition, person)
) without rowid;
create index pending_next on pending (partition, next_at);
create table due (partition integer not null, person blob not null, at integer not null, primary key (partition, person)) without rowid;
create index due_at on due (partition, at);
create table assessment (
  partition integer not null, person blob not null, trial text not null, version integer not null, seen blob not null,
  at integer not null, definition blob not null, terms blob not null, engine text not null, result text not null, form blob not null, key_id integer,
  primary key (partition, person, trial)
) without rowid;
create index assessment_result on assessment (partition, trial, result, person);
create table assessed (
  partition integer not null, person blob not null, trial text not null, version integer not null, seen blob not null,
  at integer not null, definition blob not null, terms blob not null, engine text not null, result text not null, form blob not null, key_id integer,
  primary key (partition, person, trial, version)
) without rowid;
create table standing (
  partition integer not null, person blob not null, trial text not null, attempt integer not null, version integer not null,
  status text not null, removed integer not null, actor text, role text, reason text not null, evidence blob not null,
  at integer not null, expires integer, assessment integer, key_id integer,
  primary key (partition, person, trial, attempt, version)
) without rowid;
create table subject (
  partition integer not null, person blob not null, trial text not null, attempt integer not null,
  id text not null, collection integer not null, collection_since integer,
  primary key (partition, person, trial, attempt)
) without rowid;
create index subject_id on subject (id);
create table outbox (
  partition integer not null, target text not null, person blob not null, trial text not null, attempt integer not null,
  wanted integer not null, sent integer, remote text, etag text, tries integer not null, first_failed integer,
  next_at integer not null, lease text, lease_until integer not null, state integer not null, answer text,
  primary key (partition, target, person, trial, attempt)
) without rowid;
create index outbox_next on outbox (partition, next_at);
create table alert (
  partition integer not null, person blob not null, trial text not null, kind text not null, text text not null, at integer not null,
  closed integer, primary key (partition, person, trial, kind)
) without rowid;
create table counted (partition integer not null, person blob not null, trial text not null, status text not null, primary key (partition, person, trial)) without rowid;
create table tally (partition integer not null, trial text not null, status text not null, count integer not null, changed integer not null, primary key (partition, trial, status)) without rowid;

-- by lane
create table audit (
  partition integer not null, lane text not null, seq integer not null, at integer not null, actor text not null,
  action text not null, purpose text not null, person blob, commitment blob not null, hash blob not null,
  primary key (partition, lane, seq)
) without rowid;
create table audit_detail (partition integer not null, lane text not null, seq integer not null, salt blob not null, detail text not null, key_id integer, primary key (partition, lane, seq)) without rowid;
create trigger audit_stays before update on audit begin select raise(abort, 'audit rows are never changed'); end;
create trigger audit_is_kept before delete on audit begin select raise(abort, 'audit rows are never removed'); end;
create trigger detail_stays before update on audit_detail begin select raise(abort, 'audit details are never changed'); end;
create table usage (
  partition integer not null, lane text not null, source text not null, code integer not null, unit text not null,
  count integer not null, first integer not null, last integer not null, primary key (partition, lane, source, code, unit)
) without rowid;
create table set_aside (
  partition integer not null, arrival integer not null, source text not null, at integer not null, reason text not null,
  place text not null, body blob not null, state integer not null, person blob, key_id integer, primary key (partition, arrival)
) without rowid;

-- small tables, the same everywhere
create table code (code integer primary key, system text not null, word text not null);
create table definition (trial text not null, version integer not null, digest blob not null, files blob not null, at integer not null, active integer not null, primary key (digest)) without rowid;
create table terms (source text not null, version integer not null, digest blob not null, body blob not null, active integer not null, primary key (source, version)) without rowid;
create table cursor (name text primary key, value text not null, at integer not null) without rowid;
