import Casier
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Links to read and to upload, which are used as a client of the store does.
@Suite(.timeLimit(.minutes(2)))
struct LinkTests {
    private let text = Data("# Été\n".utf8)

    @Test func manyAreSignedAtOnce() async throws {
        let (stack, files) = (try LocalStack.shared(), try LocalStack.shared().files())
        var keys: [String] = []
        for index in 0..<3 {
            keys.append(
                try await files.uploadFileObject(
                    Data("\(index)".utf8), filename: "été \(index).txt", kind: "file").key)
        }
        let links = try await files.presignedUrls(keys, expiresIn: 60, downloadAs: "a.txt")
        for (index, link) in links.enumerated() {
            #expect(link.expiresIn == 60)
            let answer = try await stack.send(URLRequest(url: link.url))
            #expect(answer.body == Data("\(index)".utf8))
        }
        #expect(links.count == 3)
        #expect(try await files.presignedUrls([]).isEmpty)
        let error = try await failure { _ = try await files.presignedUrls(keys + ["user_x/a.md"]) }
        #expect(error.code == "not-owner")
    }

    @Test func oneIsHandedOutAgain() async throws {
        let files = try LocalStack.shared().files()
        let key = try files.scope.key(kind: "file", filename: "a.txt")
        let first = try await files.presignedUrl(key, expiresIn: 3600, reuse: true)
        // Signatures tell the time in seconds.
        try await Task.sleep(for: .milliseconds(1100))
        let again = try await files.presignedUrl(key, expiresIn: 3600, reuse: true)
        #expect(again.url == first.url)
        #expect(again.expiresAt == first.expiresAt)
        let many = try await files.presignedUrls([key], expiresIn: 3600, reuse: true)
        #expect(many.map(\.url) == [first.url])
        #expect(try await files.presignedUrl(key, expiresIn: 3600).url != first.url)
    }

    @Test func aFileIsUploadedByALink() async throws {
        let (stack, files) = (try LocalStack.shared(), try LocalStack.shared().files())
        let upload = try await files.presignedUpload(
            filename: "Été.md", kind: "blog", size: UInt64(text.count),
            metadata: ["place": "Évreux 東京"], expiresIn: 60)
        #expect(upload.key == "\(files.scope.prefix)blogs/Été.md")
        #expect(upload.method == "PUT")
        #expect(upload.expiresIn == 60)
        #expect(upload.expiresAt > Date())
        #expect(upload.headers["content-length"] == "\(text.count)")
        let other = upload.headers.merging(["content-type": "text/html"]) { $1 }
        #expect(try await stack.put(text, to: upload.url, headers: other) == 403)
        let longer = upload.headers.filter { $0.key != "content-length" }
        #expect(try await stack.put(text + text, to: upload.url, headers: longer) == 403)
        #expect(try await !files.exists(upload.key))

        #expect(try await stack.put(text, to: upload.url, headers: upload.headers) == 200)
        #expect(try await files.read(upload.key) == text)
        let stored = try await files.metadata(upload.key)
        #expect(stored.contentType == "text/markdown")
        #expect(stored.metadata == ["place": "Évreux 東京"])
    }

    @Test func aLinkMayReplaceNothingAndTakeOneFileAlone() async throws {
        let (stack, files) = (try LocalStack.shared(), try LocalStack.shared().files())
        // SHA-256 of "abc": FIPS 180-2, appendix B.1.
        let digest = Data([
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
            0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61,
            0xf2, 0x00, 0x15, 0xad,
        ])
        let upload = try await files.presignedUpload(
            filename: "a.bin", kind: "file", size: 3, overwrite: false, sha256: digest)
        let wrong = try await stack.put(Data("abd".utf8), to: upload.url, headers: upload.headers)
        #expect(wrong == 400)
        let bytes = Data("abc".utf8)
        #expect(try await stack.put(bytes, to: upload.url, headers: upload.headers) == 200)
        #expect(try await stack.put(bytes, to: upload.url, headers: upload.headers) == 412)
        for size in [0, 31, 33] {
            let error = try await failure {
                _ = try await files.presignedUpload(
                    filename: "a.bin", kind: "file", size: 3, sha256: Data(count: size))
            }
            #expect(error.code == "invalid-request")
        }
    }

    @Test func aFileIsUploadedByAForm() async throws {
        let files = try LocalStack.shared().files()
        let post = try await files.presignedPost(
            filename: "a.md", kind: "blog", sizes: 2...10, metadata: ["a": "b"])
        #expect(post.key == "\(files.scope.prefix)blogs/a.md")
        #expect(post.expiresIn == 900)
        #expect(post.fields["Content-Type"] == "text/markdown")
        #expect(post.fields["key"] == post.key)
        for (fields, data) in [
            (post.fields, Data("#".utf8)),
            (post.fields, Data("# 012345678".utf8)),
            (post.fields.merging(["Content-Type": "text/html"]) { $1 }, text),
            (post.fields.merging(["key": "\(files.scope.prefix)blogs/b.md"]) { $1 }, text),
        ] {
            #expect([400, 403].contains(try await send(fields, data, to: post.url)))
        }
        #expect(try await nothingIsLeft(files))

        #expect(try await send(post.fields, text, to: post.url) == 204)
        #expect(try await files.read(post.key) == text)
        #expect(try await files.metadata(post.key).metadata == ["a": "b"])
    }

    @Test func uploadsAreJudgedBeforeTheyAreSigned() async throws {
        let files = try await LocalStack.shared().session().files()
        let gigabytes = UInt64(30) << 30
        let cases: [(String, String, UInt64, Int?, String)] = [
            ("a.md", "nonsense", 1, nil, "invalid-kind"),
            ("..", "blog", 1, nil, "invalid-filename"),
            ("a.txt", "image", 1, nil, "type-not-allowed"),
            ("a.bin", "file", gigabytes, nil, "file-too-large"),
            ("a.md", "blog", 1, 0, "invalid-request"),
            ("a.md", "blog", 1, -1, "invalid-request"),
            ("a.md", "blog", 1, 901, "invalid-request"),
        ]
        for (filename, kind, size, life, code) in cases {
            let byLink = try await failure {
                _ = try await files.presignedUpload(
                    filename: filename, kind: kind, size: size, expiresIn: life)
            }
            let byForm = try await failure {
                _ = try await files.presignedPost(
                    filename: filename, kind: kind, sizes: 0...size, expiresIn: life)
            }
            #expect(byLink.code == code, "\(filename)")
            #expect(byForm.code == code, "\(filename)")
        }
        let error = try await failure {
            _ = try await files.presignedPost(
                filename: "a.md", kind: "blog", sizes: 0...1, metadata: ["a": "${filename}"])
        }
        #expect(error.code == "invalid-request")
    }

    private func send(_ fields: [String: String], _ file: Data, to url: URL) async throws -> Int {
        let boundary = UUID().uuidString
        var body = Data()
        for (name, value) in fields {
            body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n".utf8
            body += "\(value)\r\n".utf8
        }
        body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; ".utf8
        body += "filename=\"mine.md\"\r\n\r\n".utf8
        body += file
        body += "\r\n--\(boundary)--\r\n".utf8
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.setValue(
            "multipart/form-data; boundary=\(boundary)", forHTTPHeaderField: "Content-Type")
        request.httpBody = body
        return try await LocalStack.shared().send(request).response.statusCode
    }
}
