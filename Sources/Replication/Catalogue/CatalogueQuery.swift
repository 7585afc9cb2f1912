// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire

/// The statement that asks which tables are outboxes and how they are published. It is one statement, so that all of its
/// answer is of one moment; and it reads catalogues alone, so that it never waits for somebody's lock on a table.
///
/// Source: PostgreSQL manual, "System Catalogs": pg_class, pg_inherits, pg_publication, pg_publication_rel,
/// pg_publication_namespace.
package enum CatalogueQuery {
  /// The first version with schemas, row filters and lists of columns in publications.
  private static let listVersion = 150_000
  /// The first version that can publish generated columns.
  private static let generatedVersion = 180_000

  /// The statement for a question.
  package static func statement(
    _ question: TableQuestion, publications: [String], serverVersion version: Int
  ) -> String {
    "WITH RECURSIVE " + inputs(question, publications) + tables + publishing(version) + answer(version)
  }

  /// The question, as rows.
  private static func inputs(_ question: TableQuestion, _ publications: [String]) -> String {
    let wanted = question.tables.enumerated().map { place, table in "(\(place), \(name(table)))" }
    // By the names as the server cuts them, which it does in its own encoding.
    let known = question.known.outboxes.map { "(\(name($0.name)), \($0.holder)::pg_catalog.oid)" }
    let asked = question.relations.map { "(\($0)::pg_catalog.oid)" }
    let names = publications.map(SQLQuoting.literal).joined(separator: ", ")
    return """
      wanted (place, schema, name) AS (\(values(wanted, "0, ''::pg_catalog.name, ''::pg_catalog.name"))),
      known (schema, name, id) AS (\(values(known, "''::pg_catalog.name, ''::pg_catalog.name, 0::pg_catalog.oid"))),
      held (place, id) AS (SELECT w.place, k.id FROM wanted w JOIN known k ON k.schema = w.schema AND k.name = w.name),
      asked (id) AS (\(values(asked, "0::pg_catalog.oid"))),
      pubs AS (SELECT *, xmin AS change FROM pg_catalog.pg_publication WHERE pubname IN (\(names))),

      """
  }

  private static func name(_ table: TableName) -> String {
    "\(SQLQuoting.literal(table.schema))::pg_catalog.name, \(SQLQuoting.literal(table.name))::pg_catalog.name"
  }

  private static func values(_ rows: [String], _ none: String) -> String {
    rows.isEmpty ? "SELECT \(none) WHERE false" : "VALUES \(rows.joined(separator: ", "))"
  }

  /// The outboxes, by name and by OID, and what is below them; and for each what is above it as a partition.
  private static let tables = """
    roots (place, id, has_name) AS (
      SELECT w.place, c.oid, true FROM wanted w
        JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
        AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
      UNION ALL
      SELECT h.place, c.oid, false FROM held h
        JOIN pg_catalog.pg_class c ON c.oid = h.id AND c.relkind IN ('r', 'p')),
    kin (place, root, has_name, id, depth) AS (
      SELECT place, id, has_name, id, 0 FROM roots
      UNION
      SELECT k.place, k.root, k.has_name, i.inhrelid, k.depth + 1 FROM kin k
        JOIN pg_catalog.pg_inherits i ON i.inhparent = k.id),
    lineage (id, above, chain) AS (
      SELECT id, id, '' FROM (
        SELECT id FROM kin UNION SELECT q.id FROM asked q JOIN pg_catalog.pg_class c ON c.oid = q.id) named
      UNION
      SELECT l.id, i.inhparent, l.chain || ' ' || i.xmin::text FROM lineage l
        JOIN pg_catalog.pg_class c ON c.oid = l.above AND c.relispartition
        JOIN pg_catalog.pg_inherits i ON i.inhrelid = l.above),

    """

  /// Which of them are published by name, which at all, and which as another table's. Everything is joined by hash: an outbox may
  /// have thousands of partitions.
  private static func publishing(_ version: Int) -> String {
    let lists = version >= listVersion
    let schemas =
      lists
      ? """
      SELECT p.oid, s.oid::text || ' ' || s.xmin::text, l.chain, l.id, l.above, p.pubviaroot FROM lineage l
          JOIN pg_catalog.pg_class c ON c.oid = l.above
          JOIN pg_catalog.pg_publication_namespace s ON s.pnnspid = c.relnamespace
          JOIN pubs p ON p.oid = s.pnpubid AND p.pubinsert
      """ : "SELECT 0::pg_catalog.oid, '', '', 0::pg_catalog.oid, 0::pg_catalog.oid, false WHERE false"
    let (said, filter, list) =
      lists
      ? (
        "pg_catalog.concat_ws(' ', r.prqual::text, r.prattrs::text)", "r.prqual IS NOT NULL",
        "r.prattrs::pg_catalog.int2[]"
      ) : ("''", "false", "NULL::pg_catalog.int2[]")
    return """
      entries (publication, entry, said, chain, id, above, has_filter, list, as_root) AS (
        SELECT p.oid, r.oid::text || ' ' || r.xmin::text, \(said), l.chain, l.id, l.above, \(filter), \(list), p.pubviaroot
        FROM lineage l JOIN pg_catalog.pg_publication_rel r ON r.prrelid = l.above
        JOIN pubs p ON p.oid = r.prpubid AND p.pubinsert),
      schema_entries (publication, entry, chain, id, above, as_root) AS (
        \(schemas)),
      links (id, publication, mark, content) AS (
        SELECT id, publication, 'table ' || entry, 'table ' || said || chain FROM entries
        UNION ALL SELECT l.id, p.oid, 'all', '' FROM lineage l JOIN pubs p ON p.puballtables AND p.pubinsert
          WHERE l.id = l.above
        UNION ALL SELECT id, publication, 'schema ' || entry, 'schema' || chain FROM schema_entries),
      covered (id) AS (SELECT id FROM links),
      others (id, above) AS (
        SELECT e.id, e.above FROM entries e WHERE e.as_root
        UNION SELECT id, above FROM schema_entries WHERE as_root
        UNION SELECT l.id, l.above FROM lineage l JOIN pubs p ON p.puballtables AND p.pubviaroot AND p.pubinsert),
      outside (place, id, name) AS (
        SELECT DISTINCT ON (k.place, k.id) k.place, k.id, pg_catalog.format('%I.%I', n.nspname, c.relname) FROM kin k
          JOIN others o ON o.id = k.id AND o.above <> k.id
          JOIN pg_catalog.pg_class c ON c.oid = o.above JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE NOT EXISTS (SELECT FROM kin same WHERE same.place = k.place AND same.id = o.above)
          ORDER BY k.place, k.id, c.relispartition),
      strange (publication, schema, name) AS (
        SELECT r.prpubid, n.nspname::text, c.relname::text FROM pg_catalog.pg_publication_rel r
          JOIN pubs p ON p.oid = r.prpubid JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE r.prrelid NOT IN (SELECT id FROM kin)
      \(lists ? """
        UNION ALL SELECT s.pnpubid, n.nspname::text, NULL
          FROM pg_catalog.pg_publication_namespace s
          JOIN pubs p ON p.oid = s.pnpubid JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid
        """ : ""))

      """
  }

  /// The answer's rows; the first column says what a row is.
  private static func answer(_ version: Int) -> String {
    let generated =
      version >= generatedVersion
      ? """
      (a.attgenerated <> 's' OR NOT EXISTS (SELECT FROM pubs p WHERE p.pubinsert AND p.pubgencols = 's'))
        AND (e.list IS NULL OR NOT a.attnum = ANY (e.list))
      """ : "true"
    return """
      SELECT 'publication', pubname::text, pubinsert::text, (NOT puballtables
          AND NOT EXISTS (SELECT FROM strange s WHERE s.publication = pubs.oid))::text,
        pubs.oid::text, pubs.change::text, '', '', '', '', '', '', '' FROM pubs
      UNION ALL
      SELECT 'table', k.place::text, k.root::text, k.has_name::text, k.depth::text, k.id::text, n.nspname::text,
        c.relname::text, c.relkind::text, c.relpersistence::text,
        (k.id IN (SELECT id FROM covered))::text, o.name,
        (k.id IN (SELECT id FROM entries WHERE has_filter))::text
        FROM kin k JOIN pg_catalog.pg_class c ON c.oid = k.id
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN outside o ON o.place = k.place AND o.id = k.id
      UNION ALL
      SELECT DISTINCT 'column', e.id::text, a.attname::text, 'false', '', '', '', '', '', '', '', '', ''
        FROM entries e
        JOIN pg_catalog.pg_attribute a ON a.attrelid = e.id AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_catalog.pg_attribute b ON b.attrelid = e.above AND b.attname = a.attname
        WHERE e.list IS NOT NULL AND (b.attnum IS NULL OR NOT b.attnum = ANY (e.list))
      UNION ALL
      SELECT DISTINCT 'column', k.id::text, a.attname::text, CASE a.attgenerated WHEN 'v' THEN 'virtual' ELSE 'true' END, '', '', '', '', '', '', '', '', ''
        FROM kin k LEFT JOIN entries e ON e.id = k.id
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.id AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated <> ''
        WHERE \(generated)
      UNION ALL
      SELECT DISTINCT 'shape', a.attrelid::text, a.attname::text, b.id::text, t.typname::text, '', '', '', '', '', '', '', ''
        FROM kin k JOIN pg_catalog.pg_attribute a ON a.attrelid = k.id AND a.attnum > 0 AND NOT a.attisdropped
        JOIN LATERAL (WITH RECURSIVE base (id) AS (SELECT a.atttypid
            UNION SELECT d.typbasetype FROM base JOIN pg_catalog.pg_type d ON d.oid = base.id AND d.typtype = 'd')
          SELECT id FROM base) b ON true
        JOIN pg_catalog.pg_type t ON t.oid = b.id AND t.typtype <> 'd'
        WHERE k.depth = 0 AND k.has_name
      UNION ALL
      SELECT 'relation', q.id::text, EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = q.id)::text,
        (q.id IN (SELECT id FROM covered))::text, '', '', '', '', '', '', '', '', '' FROM asked q
      UNION ALL
      SELECT DISTINCT 'link', l.id::text, l.publication::text, l.mark, l.content, '', '', '', '', '', '', '', ''
        FROM links l JOIN kin k ON k.id = l.id
      UNION ALL
      SELECT 'wanted', place::text, schema::text, name::text, '', '', '', '', '', '', '', '', '' FROM wanted
      UNION ALL
      SELECT 'stranger', schema, name, '', '', '', '', '', '', '', '', '', '' FROM strange
      """
  }
}
