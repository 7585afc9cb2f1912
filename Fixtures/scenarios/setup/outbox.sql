-- The standard outbox table, its publication, and a procedure that adds a row with values that depend on n alone.
CREATE TABLE public.outbox (
  id uuid PRIMARY KEY, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL, payload jsonb,
  version int, occurred_at timestamptz, headers jsonb, traceparent text
);

CREATE PROCEDURE public.add_event(n int, aggregate text DEFAULT 'order-1', kind text DEFAULT 'OrderPlaced')
LANGUAGE sql AS $$
  INSERT INTO public.outbox VALUES (
    ('0190c0de-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'orders', aggregate, kind,
    jsonb_build_object('n', n, 'order', aggregate), n, timestamptz '2024-05-01 12:00:00Z' + n * interval '1 second',
    NULL, '00-4bf92f3577b34da6a3ce929d0e0e4736-' || lpad(to_hex(n), 16, '0') || '-01'
  )
$$;

CREATE PUBLICATION tailrace FOR TABLE public.outbox;
