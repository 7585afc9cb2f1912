-- Columns of domains, of a domain over a domain, of enumerations and of citext, where there is that; in text format.
-- options: proto_version=1
-- replay: --table public.outbox --attribute priority=priority
-- replay: --table public.outbox_bytes
-- replay: --table public.outbox_words --payload-type json
-- replay: --table public.outbox_words --envelope payload
\ir setup/domains.sql
