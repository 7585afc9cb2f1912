// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Options that stand on a command line more than once though they have one value. The parser would take the last without a word.
enum RepeatedOptions {
  /// Refuses them. Whoever asks for help gets it.
  static func refuse(_ arguments: [String], root: any ParsableCommand.Type) throws {
    guard !arguments.contains(where: { ["--help", "-h"].contains($0) }) else { return }
    let command = CommandLineErrors.command(arguments, root: root).command
    guard let flag = first(of: command, in: arguments) else { return }
    throw ValidationError("\(flag): it is given more than once, and has one value")
  }

  private static func first(of members: any ParsableArguments.Type, in arguments: [String]) -> String? {
    for member in Mirror(reflecting: members.init()).children {
      if let group = member.value as? any OptionMembers {
        if let flag = first(of: type(of: group).members, in: arguments) { return flag }
      } else if let option = member.value as? any OptionValues, !(type(of: option).value is any Repeatable.Type),
        let flag = member.label.map(Flags.flag), Flags.values(of: flag, arguments).count > 1
      {
        return flag
      }
    }
    return nil
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

/// What may be given again and again.
private protocol Repeatable {}

extension Array: Repeatable {}
