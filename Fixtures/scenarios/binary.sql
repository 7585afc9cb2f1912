-- The rows of column-types, in binary format.
-- options: proto_version=1 binary=true
\ir setup/column-types.sql
