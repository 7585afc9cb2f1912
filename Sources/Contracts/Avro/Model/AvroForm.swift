// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// Writes a schema as one text: its canonical form, or that with all else that matters for reading and writing.
///
/// Source: Avro 1.12, "Transforming into Parsing Canonical Form".
struct AvroForm {
  private let types: [AvroType]
  private let isWhole: Bool
  /// Named types that are written already; from then on their names stand for them.
  private var written: Set<Int> = []
  private var text = ""

  /// - Parameters:
  ///   - schema: What is written.
  ///   - withAll: With defaults, aliases and logical types.
  static func of(_ schema: AvroSchema, withAll: Bool) -> String {
    var form = AvroForm(types: schema.types, isWhole: withAll)
    form.append(schema.root)
    return form.text
  }

  private init(types: [AvroType], isWhole: Bool) { (self.types, self.isWhole) = (types, isWhole) }

  /// Types lie within each other as deeply as the document's text, which is bounded; references are written as names.
  private mutating func append(_ use: AvroUse) {
    let type = types[use.type]
    if let name = type.name, !written.insert(use.type).inserted {
      text += "\"\(name.full)\""
      return
    }
    let logical = isWhole ? type.logical : nil
    switch type.shape {
    case .array(let items):
      text += #"{"type":"array","items":"#
      append(items)
      text += "}"
    case .map(let values):
      text += #"{"type":"map","values":"#
      append(values)
      text += "}"
    case .union(let branches):
      appendList(branches) { form, branch in form.append(branch) }
    case .record(let name, let fields):
      open(name, "record")
      text += #","fields":"#
      appendList(fields) { form, field in form.append(field) }
      text += "}"
    case .enumeration(let name, let enumeration):
      open(name, "enum")
      text += #","symbols":"#
      appendList(enumeration.symbols) { form, symbol in form.text += "\"\(symbol)\"" }
      if isWhole, let symbol = enumeration.defaultSymbol { text += #","default":"\#(symbol)""# }
      text += "}"
    case .fixed(let name, let size):
      open(name, "fixed")
      text += #","size":\#(size)"#
      if let logical { text += #","logicalType":"\#(logical.words)""# }
      text += "}"
    default:
      if let logical {
        text += #"{"type":"\#(type.kind)","logicalType":"\#(logical.words)"}"#
      } else {
        text += "\"\(type.kind)\""
      }
    }
  }

  private mutating func open(_ name: AvroName, _ kind: String) {
    text += #"{"name":"\#(name.full)","type":"\#(kind)""#
    if isWhole { append(aliases: name.aliases) }
  }

  private mutating func append(_ field: AvroField) {
    text += #"{"name":"\#(field.name)","type":"#
    append(field.use)
    if isWhole {
      append(aliases: field.aliases)
      if let value = field.defaultValue {
        text += #","default":"#
        append(value)
      }
    }
    text += "}"
  }

  private mutating func append(aliases: [String]) {
    guard !aliases.isEmpty else { return }
    text += #","aliases":"#
    appendList(Set(aliases).sorted()) { form, alias in form.text += "\"\(alias)\"" }
  }

  /// A default: its members in the order of their names, its numbers as they were written.
  private mutating func append(_ value: SchemaDocument) {
    switch value.value {
    case .null: text += "null"
    case .boolean(let isTrue): text += isTrue ? "true" : "false"
    case .number(let digits): text += digits
    case .string(let string): text += JSONText.string(string)
    case .array(let elements): appendList(elements) { form, element in form.append(element) }
    case .object(let members):
      text += "{"
      appendList(members.sorted { $0.name < $1.name }) { form, member in
        form.text += JSONText.string(member.name) + ":"
        form.append(member.value)
      }
      text += "}"
    }
  }

  private mutating func appendList<Element>(_ elements: [Element], _ body: (inout AvroForm, Element) -> Void) {
    text += "["
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      body(&self, element)
    }
    text += "]"
  }
}
