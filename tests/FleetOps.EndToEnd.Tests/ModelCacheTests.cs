using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace FleetOps.EndToEnd.Tests;

/// <summary>Weights that are fetched once, before anyone asks for them, and are gone with their ModelCache.</summary>
public sealed class ModelCacheTests(InstalledFleetOps fleet)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Two_workers_serve_what_a_ModelCache_downloaded_once_and_its_deletion_removes_the_file()
    {
        await using var server = await WeightsServer.StartAsync();
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        var folder = Directory.CreateDirectory(Repository.File(".local", "models", kubectl.Namespace + "-weights"));
        // Volumes of this kind take no group from the pod.
        (await Command.RunAsync("chmod", ["777", folder.FullName])).Succeeded();
        await kubectl.ApplyAsync(Volume(kubectl.Namespace, folder.FullName));
        try
        {
            await kubectl.ApplyAsync(Cache(server.Address));
            await Eventually.HoldsAsync(() => StatusAsync(kubectl, "{.status.phase} {.status.progress}"), status => status.StartsWith("Fetching ", StringComparison.Ordinal) && status.EndsWith('%'), Limit, "Its progress is told in percents");
            server.Release();
            await kubectl.WaitAsync("fmc/llama", "condition=Ready", Limit);
            // What its pod told may be heard after its Job has completed.
            await Eventually.HoldsAsync(
                () => StatusAsync(kubectl, "{.status.phase} {.status.progress} {.status.sha256}"), status => status == $"Ready 100% {Manifest.DemoSha256}", Limit, "The digest is told");
            Assert.Equal(["NAME", "SOURCE", "SIZE", "PROGRESS", "ETA", "PHASE", "AGE"], (await kubectl.RunAsync("get", "fmc")).Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));

            await kubectl.ApplyAsync(Manifest.Model("pair", replicas: 2, cpu: "300m", source: server.Address.AbsoluteUri));
            await kubectl.WaitAsync("fmd/pair", "condition=Ready", Limit);
            Assert.Equal("llama weights", await kubectl.RunAsync("get", "fmd", "pair", "-o", "jsonpath={.status.cache.name} {.status.cache.claimName}"));
            using (var client = await ModelClient.ThroughServiceAsync(kubectl, "pair"))
            {
                var (question, answer) = Repository.DemoQuestions[0];
                Assert.Equal(answer, await client.AskAsync(question));
            }

            // One download, and perhaps questions of some bytes about the file.
            Assert.InRange(server.SentBytes, server.Length, server.Length + 65_536);
            Assert.Single(Files(folder));

            await kubectl.RunAsync("delete", "fmd", "pair");
            await Eventually.HoldsAsync(() => kubectl.RunAsync("get", "pods", "-l", "fleetops.dev/model=pair", "-o", "name"), pods => pods.Length == 0, Limit, "The workers are gone");
            (await kubectl.TryAsync(["delete", "fmc", "llama", "--timeout=300s"], limit: Limit + TimeSpan.FromSeconds(30))).Succeeded();
            Assert.Empty(Files(folder));
            await Eventually.HoldsAsync(() => kubectl.RunAsync("get", "events", "-o", "jsonpath={.items[*].reason}"), reasons => reasons.Contains("FilesRemoved", StringComparison.Ordinal), Limit, "An event that tells it");
        }
        finally
        {
            await kubectl.TryAsync(["delete", "fmd,fmc", "--all", "--timeout=60s"], limit: TimeSpan.FromSeconds(90));
            await kubectl.TryAsync(["delete", "persistentvolume", kubectl.Namespace + "-weights", "--wait=false"]);
        }
    }

    private static Task<string> StatusAsync(Kubectl kubectl, string path) => kubectl.RunAsync("get", "fmc", "llama", "-o", "jsonpath=" + path);

    private static string[] Files(DirectoryInfo folder) => [.. folder.GetFiles("*", SearchOption.AllDirectories).Where(file => file.Length > 0 && file.Name.EndsWith(".gguf", StringComparison.Ordinal)).Select(file => file.FullName)];

    private static string Cache(Uri source) => $$"""
        apiVersion: fleetops.dev/v1alpha1
        kind: ModelCache
        metadata: {name: llama}
        spec:
          model:
            source: "{{source}}"
            sha256: "{{Manifest.DemoSha256}}"
          target: {claimName: weights}

        """;

    private static string Volume(string ns, string folder) => $$"""
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: {{ns}}-weights}
        spec:
          capacity: {storage: 1Gi}
          accessModes: [ReadWriteMany]
          persistentVolumeReclaimPolicy: Retain
          storageClassName: ""
          claimRef: {name: weights, namespace: "{{ns}}"}
          hostPath: {path: "{{folder}}", type: Directory}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: weights}
        spec:
          accessModes: [ReadWriteMany]
          resources: {requests: {storage: 1Gi} }
          storageClassName: ""
          volumeName: {{ns}}-weights

        """;

    /// <summary>Serves the demo model on the link between this machine and the local node, the second half only once it is told to.</summary>
    private sealed class WeightsServer : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly byte[] _content;
        private long _sent;

        private WeightsServer(WebApplication app, byte[] content)
        {
            _app = app;
            _content = content;
        }

        public Uri Address => new(new Uri(_app.Urls.Single()), "demo.gguf");

        public long Length => _content.Length;

        /// <summary>Bytes of the file that were sent, over all requests.</summary>
        public long SentBytes => Interlocked.Read(ref _sent);

        public static async Task<WeightsServer> StartAsync()
        {
            var number = (await File.ReadAllTextAsync(Repository.File(".local", "number"), TestContext.Current.CancellationToken)).Trim();
            var address = IPAddress.Parse($"10.242.{number}.1");
            using var probe = new TcpListener(address, 0);
            probe.Start();
            var port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address, port));
            var server = new WeightsServer(builder.Build(), await File.ReadAllBytesAsync(Repository.File("deploy", "models", "demo", "demo.gguf"), TestContext.Current.CancellationToken));
            server._app.Run(server.AnswerAsync);
            await server._app.StartAsync(TestContext.Current.CancellationToken);
            return server;
        }

        public void Release() => _released.TrySetResult();

        public async ValueTask DisposeAsync()
        {
            Release();
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        private Task AnswerAsync(HttpContext context)
        {
            context.Response.Body = new HeldStream(this, context.Response.Body);
            return Results.Bytes(_content, "application/octet-stream", enableRangeProcessing: true, entityTag: new EntityTagHeaderValue("\"demo\"")).ExecuteAsync(context);
        }

        private sealed class HeldStream(WeightsServer server, Stream inner) : Stream
        {
            private const int Piece = 64 * 1024;

            public override bool CanRead => false;

            public override bool CanSeek => false;

            public override bool CanWrite => true;

            public override long Length => throw new NotSupportedException();

            public override long Position
            {
                get => throw new NotSupportedException();
                set => throw new NotSupportedException();
            }

            public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            {
                for (; buffer.Length > 0; buffer = buffer[Math.Min(Piece, buffer.Length)..])
                {
                    if (server.SentBytes >= server.Length / 2)
                    {
                        await server._released.Task.WaitAsync(cancellationToken);
                    }

                    var piece = buffer[..Math.Min(Piece, buffer.Length)];
                    await inner.WriteAsync(piece, cancellationToken);
                    await inner.FlushAsync(cancellationToken);
                    Interlocked.Add(ref server._sent, piece.Length);
                }
            }

            public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

            public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

            public override void Flush() => throw new NotSupportedException();

            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();

            public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        }
    }
}
