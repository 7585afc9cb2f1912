// SPDX-License-Identifier: Apache-2.0

/// A schema in JSON Schema, of draft 7 or 2020-12: `$schema` says which, 2020-12 when it says nothing.
///
/// References go within the file: to `$id`, `$anchor`, `$dynamicAnchor` and by JSON Pointer, and to the two drafts' own
/// schemas. Keywords that are not known are annotations, and so are `format` and the `content` keywords.
/// Source: draft-handrews-json-schema-validation-01; JSON Schema 2020-12, Core and Validation.
package struct JSONSchema: Schema {
  package let document: SchemaDocument
  package let remarks: [SchemaRemark]
  let compiled: JSONSchemaValidator

  package init(_ document: SchemaDocument) throws(SchemaFault) {
    self.document = document
    let (program, remarks) = try SchemaCompiler.program(for: document)
    compiled = JSONSchemaValidator(program)
    self.remarks = remarks
  }

  package var largest: LargestData { SchemaLargest.of(compiled.program) }

  package func validator() throws(SchemaFault) -> any PayloadValidator { compiled }

  package func isSame(as other: JSONSchema) -> Bool { SchemaSameness.areSame(document, other.document) }

  package func obstacles(reading writer: JSONSchema) -> [Obstacle] { obstacles(reading: writer, isStrict: false) }

  /// What keeps a reader who has this schema from reading what was written with another.
  ///
  /// - Parameters:
  ///   - writer: The other.
  ///   - isStrict: Whether members count that the writer's schema leaves open without naming them: they may be anything.
  package func obstacles(reading writer: JSONSchema, isStrict: Bool) -> [Obstacle] {
    if isSame(as: writer) { return [] }
    var comparison = SchemaComparison(reader: compiled, writer: writer.compiled, isStrict: isStrict)
    return comparison.obstacles()
  }
}
