import Casier
import Foundation

/// From a token to a file: two users, two tiers, three files, and everybody else refused.
///
/// Needs the environment of a running `casier-local` (as `make demo` gives it), for its tokens; the
/// files may go to any S3.
struct Story {
    private let http: LocalHTTP
    private let casier: Casier

    init() throws {
        http = try LocalHTTP()
        casier = try Casier.fromEnv()
    }

    func tell() async throws {
        let run = UInt32.random(in: 0...UInt32.max)

        print("\nWho is this?")
        var token = try await http.mint(
            "user_ada\(run)", version: 2, email: "ada@example.com", tier: "pro", role: "manager")
        let ada = try await casier.authenticate(token)
        var why = "signed by the issuer's key; the tier stands in public_metadata"
        try expect("Ada's token, Clerk's version 2", who(ada), "tier pro, role manager", why)
        token = try await http.mint("user_ben\(run)", version: 1, email: "ben@example.com")
        let ben = try await casier.authenticate(token)
        why = "a token that names no tier and no role has the lowest"
        try expect("Ben's token, Clerk's version 1", who(ben), "tier free, role user", why)

        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("casier-quickstart-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await play(ada: ada, ben: ben, folder: folder)

        print("\nTokens that must not pass")
        for (fault, code) in [
            ("expired", "token-expired"),
            ("tampered-payload", "token-invalid-signature"),
            ("tampered-signature", "token-invalid-signature"),
            ("other-issuer", "token-invalid-issuer"),
            ("alg-none", "token-invalid-algorithm"),
        ] {
            let token = try await http.mint("user_eve", tier: "enterprise", fault: fault)
            try await refused("a token: \(fault)", code) { _ = try await casier.authenticate(token) }
        }
        print("\nThe story ended as it should.")
    }

    private func play(ada: Session, ben: Session, folder: URL) async throws {
        let (files, bens) = (try ada.files(), try ben.files())
        let png = Pictures.png()
        let onDisk = folder.appendingPathComponent("Été à Paris.png")
        try png.write(to: onDisk)
        let prefix = files.scope.prefix

        print("\nAda's files go in and come back")
        let picture = try await files.uploadFile(
            onDisk, kind: "image", metadata: ["place": "Paris, été 2025"])
        let wanted = "\(prefix)images/Été à Paris.png"
        try expect("upload a PNG from disk", picture.key, wanted, "the key begins with her scope")
        for (name, kind, data) in [
            ("rapport d'août.pdf", "document", Pictures.pdf("Rapport")),
            ("mes notes.md", "blog", Pictures.markdown()),
        ] {
            let stored = try await files.uploadFileObject(data, filename: name, kind: kind)
            let wanted = "\(prefix)\(kind)s/\(name)"
            try expect("upload from memory", stored.key, wanted, "accents and spaces stay")
        }
        var items = try await files.list().items
        try expect("Ada lists her files", items.count, "3", "what she uploaded")
        items = try await bens.list().items
        try expect("Ben lists his", items.count, "0", "a scope shows its own files alone")

        var link = try await files.presignedUrl(picture.key)
        let answer = try await http.get(link.url)
        let asked = "a plain HTTP client follows her link"
        try expect(asked, answer.contentType ?? "none", "image/png", "signed in")
        try expect("the bytes are those on disk", answer.body == png, "true", "compared one by one")
        let stored = try await files.metadata(picture.key)
        try expect("metadata: the size", stored.size, "\(png.count)", "as on disk")
        let place = stored.metadata["place"] ?? "none"
        try expect("metadata: the place", place, "Paris, été 2025", "as Ada wrote it")
        let copy = folder.appendingPathComponent("copy.png")
        try await files.download(picture.key, to: copy)
        let same = try Data(contentsOf: copy) == png
        try expect("a download holds the same bytes", same, "true", "compared one by one")

        print("\nEverybody else is refused")
        try await refused("Ben reads Ada's picture", "not-owner") {
            _ = try await bens.read(picture.key)
        }
        try await refused("Ben asks for a link to it", "not-owner") {
            _ = try await bens.presignedUrl(picture.key)
        }
        try await refused("Ben deletes it", "not-owner") { try await bens.delete(picture.key) }
        let around = "\(bens.scope.prefix)../\(picture.key)"
        try await refused("Ben goes around by `..`", "invalid-key") {
            _ = try await bens.read(around)
        }
        try await refused("Ben does what needs `pro`", "subscription-required") {
            try ben.requireSubscription("pro")
        }
        try await refused("Ben uses the feature `books`", "feature-required") {
            try ben.requireFeature("books")
        }
        try expect("Ada has `books`", ada.hasFeature("books"), "true", "her tier includes it")

        link = try await files.presignedUrl(picture.key, expiresIn: 1)
        try await Task.sleep(for: .seconds(2.5))
        let status = try await http.get(link.url).status
        // AWS and the local S3 say 403; Garage takes an expired link for a malformed request, 400.
        let verdict = [400, 403].contains(status) ? "refused" : "let through"
        let why = "it has expired, so S3 answers \(status)"
        try expect("a link of 1 s, followed after 2.5 s", verdict, "refused", why)

        print("\nDeleted is gone")
        for file in try await files.list().items { try await files.delete(file.key) }
        try await refused("the picture again", "file-not-found") {
            _ = try await files.metadata(picture.key)
        }
        items = try await files.list().items
        try expect("Ada lists her files", items.count, "0", "all are deleted")
    }

    private func who(_ session: Session) -> String {
        "tier \(session.user.subscription), role \(session.user.role)"
    }

    /// Says what was asked, what came back and why; anything but `wanted` ends the story.
    private func expect(_ asked: String, _ got: Any, _ wanted: String, _ why: String) throws {
        guard "\(got)".utf8.elementsEqual(wanted.utf8) else {
            throw Failure("\(asked): expected \(wanted), got \(got)")
        }
        print("  ok  \(asked): \(got) (\(why))")
    }

    /// Says how the call was refused and why; success, or another code, ends the story.
    private func refused(
        _ asked: String, _ code: String, _ call: () async throws -> Void
    ) async throws {
        do {
            try await call()
        } catch let error as CasierError {
            guard error.code == code else {
                throw Failure("\(asked): expected \(code), got \(error)")
            }
            return print("  ok  \(asked): \(error.code) (\(error.message))")
        }
        throw Failure("\(asked): expected \(code), but it was allowed")
    }
}
