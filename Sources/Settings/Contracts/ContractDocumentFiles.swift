// SPDX-License-Identifier: Apache-2.0

import Contracts
import Files
package import PostgresWire

/// The documents of a directory of contracts, as files of another directory.
package struct ContractDocumentFiles: Sendable {
  /// Their names, with what they hold.
  private let texts: [(name: String, text: String)]

  /// Makes the documents.
  ///
  /// Errors: contracts that are too large together, or a source that cannot be read.
  ///
  /// - Parameters:
  ///   - contracts: What is documented.
  ///   - tree: Where that lies.
  ///   - title: What the documents are called.
  ///   - version: Their version.
  package init(_ contracts: ContractDirectory, _ tree: ContractTree, title: String, version: String) throws(Failure) {
    var sources: [String: String] = [:]
    for contract in contracts.catalogue.types.values.joined() {
      if let source = try tree.source(of: contract) { sources[contract.file] = source }
    }
    do throws(ContractDocuments.TooLarge) {
      let documents = try ContractDocuments(
        contracts.catalogue, contracts.rules, title: title, version: version, sources: sources)
      texts = [("asyncapi.json", try documents.asyncAPI()), ("index.html", try documents.page())]
    } catch {
      throw Failure(
        .settings,
        "the contracts in \(tree.place) are too large: a document would have more than "
          + "\(ContractDocuments.TooLarge.most >> 20) MiB",
        advice: "document parts of them: a directory each")
    }
  }

  /// Refuses a directory whose files would be taken for contracts.
  ///
  /// - Parameters:
  ///   - output: Where the documents are to be.
  ///   - directory: Where the contracts are.
  package static func check(_ output: String, beside directory: String) throws(Failure) {
    guard !output.isEmpty else {
      throw Failure(.settings, "the directory of the documents has an empty name", advice: "name one")
    }
    guard let contracts = try? FileStatus(path: directory) else { return }
    let trimmed = output.count > 1 && output.hasSuffix("/") ? String(output.dropLast()) : output
    for place in [trimmed, Directory.of(trimmed)] {
      guard (try? FileStatus(path: place))?.isSameFile(as: contracts) == true else { continue }
      throw Failure(
        .settings, "the documents would lie among the contracts, in \(trimmed)",
        advice: "name a directory outside of \(directory)")
    }
  }

  /// Writes them, each whole or not at all. What was there before under their names is replaced.
  package func write(to directory: String) throws(Failure) {
    do throws(SystemFailure) { try Directory.make(directory) } catch {
      throw Failure(
        .cannotCreate, "cannot create \(directory): \(error.textInSentence)",
        advice: "name a directory that can be made")
    }
    for (name, text) in texts {
      do throws(SystemFailure) { try AtomicFile.publish(text, to: "\(directory)/\(name)") } catch {
        throw Failure(
          .cannotCreate, "cannot write \(directory)/\(name): \(error.textInSentence)",
          advice: Failure.advice(opening: error))
      }
    }
  }

  /// The files that are not there, or hold something else than would be written.
  package func differing(in directory: String) throws(Failure) -> [String] {
    var differing: [String] = []
    for (name, text) in texts {
      let path = "\(directory)/\(name)"
      do throws(SystemFailure) {
        let bytes = try SmallFile.bytes(path, atMost: ContractDocuments.TooLarge.most)
        if bytes.map({ $0.elementsEqual(text.utf8) }) != true { differing.append(path) }
      } catch {
        throw Failure(
          .settings, "cannot read \(path): \(error.textInSentence)", advice: "make it a file that can be read")
      }
    }
    return differing
  }

  /// What the files are called.
  package func paths(in directory: String) -> [String] { texts.map { "\(directory)/\($0.name)" } }
}
