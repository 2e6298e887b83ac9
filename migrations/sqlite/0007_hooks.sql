-- How many events each subscription of a source has told of: a gap means that some were not heard.
create table hook (
  source text not null, subscription text not null, events integer not null, at integer not null,
  primary key (source, subscription)
) without rowid;
