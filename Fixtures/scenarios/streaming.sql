-- Streamed transactions (Stream Start, Stop, Commit, Abort).
-- options: proto_version=2 streaming=on messages=true
\ir setup/streaming.sql
