-- Who is who: what Patient records say of each other, with its history, and the person that each patient has of its own.

-- Every statement stands twice, once at either end, so that both are found by their own key. An end is a patient, or
-- (kind 5 and 6) the digest of an identifier by which persons are known in every source.
create table patient_link (
  partition bigint not null check (partition = part(patient)), patient bytea not null, other bytea not null,
  kind bigint not null,                -- 1 replaced-by 2 replaces 3 refer 4 seealso 5 bears the identifier 6 is borne by
  said_by bytea not null,              -- the patient whose record says so
  since bigint not null, until bigint, key_id bigint,      -- in that patient's known time
  primary key (partition, patient, other, kind, said_by, since)
);
-- the person made with the patient, when it belongs to another now or did; null: it never moved
alter table patient add column home bytea;
