-- How many events each subscription of a source has told of: a gap means that some were not heard.
create table hook (
  source text collate "C" not null, subscription text collate "C" not null, events bigint not null, at bigint not null,
  primary key (source, subscription)
);
