-- Messages of HL7 v2 as they were received: the name is of source and bytes; state 1 taken, 2 refused; patient: of the first Patient named.
create table message (
  partition bigint not null check (partition = part(name)), name bytea not null, source text collate "C" not null, at bigint not null, state bigint not null,
  patient bytea, body bytea not null,
  primary key (partition, name)
);
alter table message alter column body set storage external;
-- What messages have said of a Patient so far, in the order of their own times; only what makes them knows its words.
create table heard (
  partition bigint not null check (partition = part(item)), item bytea not null, version bigint not null, words bytea not null,
  primary key (partition, item)
);
