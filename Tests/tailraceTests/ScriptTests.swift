// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What all scripts do alike.
  @Suite struct ScriptTests {
    private static let directory = URL(fileURLWithPath: TestServer.path).deletingLastPathComponent()

    private static var names: [String] {
      let found = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
      return found.filter { name in
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: directory.appending(path: name).path, isDirectory: &isDirectory)
          && !isDirectory.boolValue
      }.sorted()
    }

    private func run(_ name: String, _ argument: String) throws -> ChildProcess {
      let child = try ChildProcess(Self.directory.appending(path: name).path, [argument])
      child.closeInput()
      _ = try child.exitCodeAfterAllOutput()
      return child
    }

    @Test(arguments: names)
    func `a script says on standard output what it is for and how it is used, when asked`(name: String) throws {
      for option in ["--help", "-h"] {
        let child = try run(name, option)
        #expect(try child.exitCode() == 0)
        #expect(child.output.text.contains("usage:") && child.output.text.contains("Scripts/\(name)"))
        #expect(child.errors.text.isEmpty)
      }
    }

    @Test(arguments: names)
    func `a script that is used wrongly says on standard error how it is used, and ends with 64`(name: String) throws {
      let child = try run(name, "--no-such-option")
      #expect(try child.exitCode() == 64)
      #expect(child.errors.text.contains("usage:") && child.errors.text.contains("Scripts/\(name)"))
      #expect(child.output.text.isEmpty)
    }
  }
}
