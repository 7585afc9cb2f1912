-- The transactions of streaming, with the LSN and the time in Stream Abort.
-- options: proto_version=4 streaming=parallel messages=true
-- servers: 18
\ir setup/streaming.sql
