// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The options of a command, as it declares them.
enum OptionTypes {
  /// The types of their values by their flags; a flag without a value has `Bool`.
  static func of(_ members: any ParsableArguments.Type) -> [String: Any.Type] {
    var types: [String: Any.Type] = [:]
    for member in Mirror(reflecting: members.init()).children {
      if let group = member.value as? any OptionMembers {
        types.merge(of(type(of: group).members)) { first, _ in first }
      } else if let option = member.value as? any OptionValues, let flag = member.label.map(Flags.flag) {
        types[flag] = type(of: option).value
      }
    }
    return types
  }
}

private protocol OptionMembers {
  static var members: any ParsableArguments.Type { get }
}

extension OptionGroup: OptionMembers {
  static var members: any ParsableArguments.Type { Value.self }
}

private protocol OptionValues {
  static var value: Any.Type { get }
}

extension Option: OptionValues {
  static var value: Any.Type { Value.self }
}

extension Flag: OptionValues {
  static var value: Any.Type { Value.self }
}
