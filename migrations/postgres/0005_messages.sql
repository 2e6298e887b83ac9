-- Messages of HL7 v2 as they were received: the name is of source, sender and control id; state 1 taken, 2 refused.
create table message (
  partition bigint not null check (partition = part(name)), name bytea not null, source text collate "C" not null, at bigint not null, state bigint not null,
  hash bytea not null, body bytea not null,
  primary key (partition, name)
);
alter table message alter column body set storage external;
