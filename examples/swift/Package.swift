// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "casier-quickstart",
    platforms: [.macOS(.v13)],
    dependencies: [
        .package(name: "casier", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "casier-quickstart",
            dependencies: [.product(name: "Casier", package: "casier")])
    ]
)
