-- Outboxes whose names have dots, quotes, letters beyond ASCII in two ways of writing, and more than 63 bytes.
-- options: proto_version=1
-- replay: --table a."b.c" --table "a.b".c
-- replay: --table "Größe"."Müll""x"""
-- replay: --table GRößE.MüLL
-- replay: --table public."café"
-- replay: --table public."café"
-- replay: --table public.éééééééééééééééééééééééééééééééééééééééé
CREATE SCHEMA a;
CREATE SCHEMA "a.b";
CREATE SCHEMA "Größe";
CREATE SCHEMA größe;
CREATE TABLE a."b.c" (id int, aggregatetype text, aggregateid text, type text, payload jsonb);
CREATE TABLE "a.b".c (LIKE a."b.c");
CREATE TABLE "Größe"."Müll""x""" (LIKE a."b.c");
CREATE TABLE größe.müll (LIKE a."b.c");
CREATE TABLE public."café" (LIKE a."b.c");
CREATE TABLE public."café" (LIKE a."b.c");
CREATE TABLE public.éééééééééééééééééééééééééééééééééééééééé (LIKE a."b.c");
CREATE PUBLICATION tailrace FOR TABLE a."b.c", "a.b".c, "Größe"."Müll""x""", größe.müll, public."café",
  public."café", public.éééééééééééééééééééééééééééééééééééééééé WITH (publish = 'insert');
:create_slot

INSERT INTO a."b.c" VALUES (1, 'orders', '1', 'DotInTheTable', '{}');
INSERT INTO "a.b".c VALUES (1, 'orders', '1', 'DotInTheSchema', '{}');
INSERT INTO "Größe"."Müll""x""" VALUES (2, 'orders', '2', 'QuotesAndBlanks', '{}');
INSERT INTO größe.müll VALUES (3, 'orders', '3', 'FoldedInASCIIOnly', '{}');
INSERT INTO public."café" VALUES (4, 'orders', '4', 'Composed', '{}');
INSERT INTO public."café" VALUES (5, 'orders', '5', 'Decomposed', '{}');
INSERT INTO public.éééééééééééééééééééééééééééééééééééééééé VALUES (6, 'orders', '6', 'Cut', '{}');
