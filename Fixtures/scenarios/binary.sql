-- The rows of column-types, in binary format.
-- options: proto_version=1 binary=true
-- replay: --table public.outbox_uuid --table public.outbox_bigint --table public.outbox_text --table public.outbox_bytea
-- replay: --table public.outbox_bytea --attribute urgent=urgent --column version=
-- replay: --table public.outbox_text --table public.outbox_bytea --envelope payload
\ir setup/column-types.sql
