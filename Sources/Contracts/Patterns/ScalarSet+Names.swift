// SPDX-License-Identifier: Apache-2.0

/// The sets that have names. Source: ECMA-262, sections 22.2.2.9 (character classes) and 22.2.1 (property escapes).
extension ScalarSet {
  static let digits = ScalarSet(0x30...0x39)
  static let words = ScalarSet(0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A)
  static let blanks = ScalarSet(
    0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
    0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF)
  static let lineEnds = ScalarSet(0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029)

  var negated: ScalarSet {
    var set = self
    set.negate()
    return set
  }

  /// What `\p{NAME}` takes, or `\P{NAME}`; nil for a name that is not known here, which those of scripts are.
  static func named(_ name: String, isNegated: Bool) -> ScalarSet? {
    var set = ScalarSet()
    var category = name
    for prefix in ["General_Category=", "gc="] where name.hasPrefix(prefix) {
      category = String(name.dropFirst(prefix.count))
    }
    if let mask = categories[category] {
      set.insert(categories: isNegated ? ~mask : mask)
    } else if name == "Any" || name == "ASCII" {
      let last: UInt32 = name == "Any" ? 0x10FFFF : 0x7F
      if !isNegated { set.insert(0...last) } else if name == "ASCII" { set.insert(0x80...0x10FFFF) }
    } else if name == "Assigned" {
      let mask = Unicode.GeneralCategory.unassigned.bit
      set.insert(categories: isNegated ? mask : ~mask)
    } else if let property = Property(rawValue: aliases[name] ?? name) {
      set.insert(Part(property: property, isNegated: isNegated))
    } else {
      return nil
    }
    return set
  }

  private static let aliases = [
    "Alpha": "Alphabetic", "space": "White_Space", "Upper": "Uppercase", "Lower": "Lowercase", "IDS": "ID_Start",
    "IDC": "ID_Continue", "XIDS": "XID_Start", "XIDC": "XID_Continue", "Ideo": "Ideographic", "Hex": "Hex_Digit",
  ]

  private static let categories: [String: UInt32] = {
    let single: [(String, String, Unicode.GeneralCategory)] = [
      ("Lu", "Uppercase_Letter", .uppercaseLetter), ("Ll", "Lowercase_Letter", .lowercaseLetter),
      ("Lt", "Titlecase_Letter", .titlecaseLetter), ("Lm", "Modifier_Letter", .modifierLetter),
      ("Lo", "Other_Letter", .otherLetter), ("Mn", "Nonspacing_Mark", .nonspacingMark),
      ("Mc", "Spacing_Mark", .spacingMark), ("Me", "Enclosing_Mark", .enclosingMark),
      ("Nd", "Decimal_Number", .decimalNumber), ("Nl", "Letter_Number", .letterNumber),
      ("No", "Other_Number", .otherNumber), ("Pc", "Connector_Punctuation", .connectorPunctuation),
      ("Pd", "Dash_Punctuation", .dashPunctuation), ("Ps", "Open_Punctuation", .openPunctuation),
      ("Pe", "Close_Punctuation", .closePunctuation), ("Pi", "Initial_Punctuation", .initialPunctuation),
      ("Pf", "Final_Punctuation", .finalPunctuation), ("Po", "Other_Punctuation", .otherPunctuation),
      ("Sm", "Math_Symbol", .mathSymbol), ("Sc", "Currency_Symbol", .currencySymbol),
      ("Sk", "Modifier_Symbol", .modifierSymbol), ("So", "Other_Symbol", .otherSymbol),
      ("Zs", "Space_Separator", .spaceSeparator), ("Zl", "Line_Separator", .lineSeparator),
      ("Zp", "Paragraph_Separator", .paragraphSeparator), ("Cc", "Control", .control), ("Cf", "Format", .format),
      ("Cs", "Surrogate", .surrogate), ("Co", "Private_Use", .privateUse), ("Cn", "Unassigned", .unassigned),
    ]
    let groups: [(String, String)] = [
      ("L", "Letter"), ("M", "Mark"), ("N", "Number"), ("P", "Punctuation"), ("S", "Symbol"), ("Z", "Separator"),
      ("C", "Other"),
    ]
    var masks: [String: UInt32] = [:]
    for (short, long, category) in single {
      masks[short] = category.bit
      masks[long] = category.bit
      masks[String(short.prefix(1)), default: 0] |= category.bit
    }
    for (short, long) in groups { masks[long] = masks[short] }
    masks["LC"] = masks["Lu", default: 0] | masks["Ll", default: 0] | masks["Lt", default: 0]
    for (alias, name) in [
      ("Cased_Letter", "LC"), ("Combining_Mark", "M"), ("digit", "Nd"), ("punct", "P"), ("cntrl", "Cc"),
    ] { masks[alias] = masks[name] }
    return masks
  }()
}

extension Unicode.GeneralCategory {
  /// A bit of its own.
  var bit: UInt32 {
    switch self {
    case .uppercaseLetter: 1 << 0
    case .lowercaseLetter: 1 << 1
    case .titlecaseLetter: 1 << 2
    case .modifierLetter: 1 << 3
    case .otherLetter: 1 << 4
    case .nonspacingMark: 1 << 5
    case .spacingMark: 1 << 6
    case .enclosingMark: 1 << 7
    case .decimalNumber: 1 << 8
    case .letterNumber: 1 << 9
    case .otherNumber: 1 << 10
    case .connectorPunctuation: 1 << 11
    case .dashPunctuation: 1 << 12
    case .openPunctuation: 1 << 13
    case .closePunctuation: 1 << 14
    case .initialPunctuation: 1 << 15
    case .finalPunctuation: 1 << 16
    case .otherPunctuation: 1 << 17
    case .mathSymbol: 1 << 18
    case .currencySymbol: 1 << 19
    case .modifierSymbol: 1 << 20
    case .otherSymbol: 1 << 21
    case .spaceSeparator: 1 << 22
    case .lineSeparator: 1 << 23
    case .paragraphSeparator: 1 << 24
    case .control: 1 << 25
    case .format: 1 << 26
    case .surrogate: 1 << 27
    case .privateUse: 1 << 28
    case .unassigned: 1 << 29
    @unknown default: 1 << 30
    }
  }
}
