-- Messages by the time at which they came: so old ones are found.
create index message_at on message (at);
