import Casier
import Foundation

/// A distribution of CloudFront, whose keys `openssl` makes, and whose signatures it checks.
struct Distribution {
    let domain = "cdn.example.com"
    let keyPairId = "K2JCJMDEHXQW5F"
    let privateKey: String
    private let folder: URL

    init(keptIn folder: URL) throws {
        let file = folder.appendingPathComponent("private.pem")
        let publicFile = folder.appendingPathComponent("public.pem")
        guard
            try openssl(
                "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                file.path),
            try openssl("pkey", "-in", file.path, "-pubout", "-out", publicFile.path)
        else { throw Missing("openssl makes no keys") }
        privateKey = try String(contentsOf: file, encoding: .utf8)
        self.folder = folder
    }

    func casier() throws -> Casier {
        var settings = try LocalStack.shared().settings()
        settings.cloudfrontDomain = domain
        settings.cloudfrontKeyPairId = keyPairId
        settings.cloudfrontPrivateKey = privateKey
        return try Casier(settings)
    }

    /// Whether it is this policy that a link or a cookie has a signature of.
    func signed(_ policy: Data, _ signature: String?) throws -> Bool {
        guard let bytes = Self.decoded(signature) else { return false }
        let text = folder.appendingPathComponent("policy")
        let file = folder.appendingPathComponent("signature")
        try policy.write(to: text)
        try bytes.write(to: file)
        let publicFile = folder.appendingPathComponent("public.pem").path
        return try openssl(
            "dgst", "-sha256", "-verify", publicFile, "-signature", file.path, text.path)
    }

    /// CloudFront's own Base64.
    static func decoded(_ text: String?) -> Data? {
        let others: [Character: Character] = ["-": "+", "_": "=", "~": "/"]
        return text.flatMap { Data(base64Encoded: String($0.map { others[$0] ?? $0 })) }
    }
}

/// Whether it did what it was asked.
private func openssl(_ arguments: String...) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
}
