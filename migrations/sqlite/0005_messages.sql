-- Messages of HL7 v2 as they were received: the name is of source and bytes; state 1 taken, 2 refused; patient: of the first Patient named.
create table message (
  partition integer not null, name blob not null, source text not null, at integer not null, state integer not null,
  patient blob, body blob not null,
  primary key (partition, name)
);
-- What messages have said of a Patient so far, in the order of their own times; only what makes them knows its words.
create table heard (
  partition integer not null, item blob not null, version integer not null, words blob not null,
  primary key (partition, item)
);
