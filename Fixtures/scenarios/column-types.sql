-- Ids, payloads and times of several types, in text format.
-- options: proto_version=1
\ir setup/column-types.sql
