-- An unpublished table: its rows fill logical_decoding_work_mem, which makes a transaction be streamed, and add
-- nothing to the dump. One call takes about 64 kB.
CREATE TABLE public.filler (n int, t text);

CREATE PROCEDURE public.fill() LANGUAGE sql AS $$
  INSERT INTO public.filler SELECT n, repeat('x', 100) FROM generate_series(1, 400) n
$$;
