// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Options that stand on a command line more than once though they have one value. The parser would take the last without a word.
enum RepeatedOptions {
  /// Refuses them. Whoever asks for help gets it.
  static func refuse(_ arguments: [String], root: any ParsableCommand.Type) throws {
    guard !arguments.contains(where: { ["--help", "-h"].contains($0) }) else { return }
    let command = CommandLineErrors.command(arguments, root: root).command
    let types = OptionTypes.of(command).filter { !($0.value is any Repeatable.Type) && $0.value != Bool.self }
    guard let flag = types.keys.sorted().first(where: { Flags.values(of: $0, arguments).count > 1 }) else { return }
    throw ValidationError("\(flag): it is given more than once, and has one value")
  }
}

/// What may be given again and again.
private protocol Repeatable {}

extension Array: Repeatable {}
