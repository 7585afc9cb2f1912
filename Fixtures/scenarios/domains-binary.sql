-- The rows of domains, in binary format.
-- options: proto_version=1 binary=true
-- replay: --table public.outbox --attribute priority=priority
-- replay: --table public.outbox_bytes
-- replay: --table public.outbox_words --payload-type json
-- replay: --table public.outbox_words --envelope payload
\ir setup/domains.sql
