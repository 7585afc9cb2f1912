// SPDX-License-Identifier: Apache-2.0

public import Delivery
public import HTTPDelivery

/// How to send events to a queue of SQS, or to a topic of SNS.
public struct AWSConfiguration: Hashable, Sendable {
  /// `sqs:` and the queue's URL, or `sns:` and the topic's ARN.
  public var address: String
  /// What the environment says of credentials, region and endpoints: the ``variables`` that are set.
  public var environment: [String: String]
  /// A file of certificate authorities to trust instead of the system's. Default: what `AWS_CA_BUNDLE` names.
  public var authorityFile: String?
  /// A client certificate and its key.
  public var clientCertificate: CertificateFiles?
  /// Whether events and proofs of who we are may go to other hosts in the clear. Default: no.
  public var allowsPlain = false
  /// Which proxy stands before AWS. Default: none.
  public var proxy = ProxySettings()
  /// How many connections may be kept open at once. Default: 64.
  public var maximumConnections = 64
  /// How long connecting may take. Default: 10 s.
  public var connectTimeout: Duration = .seconds(10)
  /// How long a request may take as a whole. Default: 60 s.
  public var answerTimeout: Duration = .seconds(60)

  /// Makes a configuration for a queue or a topic.
  public init(address: String, environment: [String: String]) {
    (self.address, self.environment) = (address, environment)
  }

  /// The variables that count, as AWS's own programs know them. Source: AWS SDKs and Tools Reference Guide, "Settings reference".
  public static let variables = [
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SNS", "AWS_ENDPOINT_URL_STS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE", "HOME",
  ]

  /// A variable's value; nil when it is not set or empty.
  func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
}
