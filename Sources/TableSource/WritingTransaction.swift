// SPDX-License-Identifier: Apache-2.0

/// Which transaction has written a row.
enum WritingTransaction {
  /// Its number, in a statement that calls the row `t`. The row has 32 bits of it, and it is one of the last so many.
  static let number = "(\(next) - ((\(next) - t.xmin::pg_catalog.text::pg_catalog.int8) & 4294967295))"

  private static let next =
    "(SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8)"
}
