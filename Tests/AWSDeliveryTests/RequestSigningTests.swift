// SPDX-License-Identifier: Apache-2.0

import AWSDelivery
import Foundation
import Testing

@Suite struct `Signatures of requests` {
  private struct Case: Decodable {
    let host: String
    let path: String
    let query: String
    let headers: [[String]]
    let body: String
    let time: Int64
    let token: String?
    let authorization: String
  }

  @Test func `requests are signed as botocore signs them, byte for byte`() throws {
    let file = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Fixtures/aws/signatures.ndjson")
    let lines = try String(contentsOf: file.standardizedFileURL, encoding: .utf8).split(separator: "\n")
    #expect(lines.count > 100)
    let signing = RequestSigning(service: "sqs", region: "eu-central-1")
    for line in lines {
      let one = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
      let credentials = AWSCredentials(
        accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: one.token)
      let headers = [("host", one.host)] + one.headers.map { ($0[0], $0[1]) }
      let request = RequestSigning.Request(
        method: "POST", path: one.path, query: one.query, headers: headers, body: Array(one.body.utf8))
      let signed = try signing.headers(of: request, by: credentials, at: one.time)
      #expect(signed.last?.1 == one.authorization, "\(line.prefix(300))")
    }
  }

  @Test func `nothing shows credentials`() {
    let credentials = AWSCredentials(accessKey: "AKID", secretKey: "hush", sessionToken: "quiet")
    var text = "\(credentials) \(String(reflecting: credentials))"
    dump(credentials, to: &text)
    #expect(!text.contains("hush") && !text.contains("quiet") && !text.contains("AKID"))
  }
}
