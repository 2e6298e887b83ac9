-- Messages of HL7 v2 as they were received: the name is of source, sender and control id; state 1 taken, 2 refused.
create table message (
  partition integer not null, name blob not null, source text not null, at integer not null, state integer not null,
  hash blob not null, body blob not null,
  primary key (partition, name)
);
