// SPDX-License-Identifier: Apache-2.0

/// A schema of Apache Avro, and what JSON data is by it.
///
/// Source: Avro 1.12, "Schema Declaration" and "Schema Resolution". Where 1.11 says another thing, the place tells it.
package struct AvroSchema: DocumentSchema {
  /// Every type that is declared in it; the primitive ones come first.
  let types: [AvroType]
  /// What the schema is as a whole.
  let root: AvroUse
  /// Where each part stands in the document.
  let places: AvroPlaces

  package let remarks: [SchemaRemark]

  package init(_ document: SchemaDocument) throws(SchemaFault) {
    var reading = AvroReading(document)
    root = try reading.use(document, namespace: "", place: AvroPlaces.root)
    try reading.checkDefaults()
    reading.remarkWhatNothingMatches()
    (types, places, remarks) = (reading.types, reading.places, reading.remarks)
  }

  /// Whether both say the same for reading and writing: their canonical forms are equal, and their defaults, aliases and
  /// logical types. Documentation, the order for sorting, and attributes that Avro does not know do not count.
  package func isSame(as other: Self) -> Bool {
    AvroForm.of(self, withAll: true).utf8.elementsEqual(AvroForm.of(other, withAll: true).utf8)
  }

  package func obstacles(reading writer: Self, effort: inout Effort) -> [Obstacle] {
    var resolution = AvroResolution(reader: self, writer: writer)
    let patience = min(AvroResolution.maximumPatience, max(effort.left, 0))
    resolution.patience = patience
    defer { effort.spend(16 + patience - resolution.patience) }
    return resolution.obstacles()
  }

  package var largest: LargestData { AvroLargest.of(self) }

  package func validator() throws(SchemaFault) -> any PayloadValidator { AvroValidator(self) }

  /// The form by which parsers know two schemas for the same. Source: Avro 1.12, "Parsing Canonical Form for Schemas".
  package var canonicalForm: String { AvroForm.of(self, withAll: false) }

  /// The 64-bit Rabin fingerprint of the canonical form. Source: Avro 1.12, "Schema Fingerprints".
  package var fingerprint: UInt64 { AvroFingerprint.of(canonicalForm.utf8) }
}
