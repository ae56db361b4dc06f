using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.S3;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

/// <summary>
/// Whatever happens between here and a source of any kind, a fetch ends in the right file or in a clear refusal: hub, bucket and registry behind proxies that
/// refuse, redirect, delay, cut, truncate and corrupt. Files come in small ranges, several at once.
/// </summary>
public sealed class ProxyScheduleTests(ITestOutputHelper output)
{
    private const int RangeBytes = 4096;

    // Of each kind of source; more by the variable, for a night.
    private static readonly int Schedules =
        int.TryParse(Environment.GetEnvironmentVariable("FLEETOPS_FAULT_SCHEDULES"), CultureInfo.InvariantCulture, out int many) ? many / 6 : 50;

    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 60_000).Build();
    private static readonly byte[] Other = GgufBuilder.Model(tensorBytes: 60_000, seed: 2).Build();
    private static readonly string Digest = FetchBench.Sha256(Model);

    [Fact]
    public async Task A_hub_and_its_storage()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false, inMemory: true);
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        await using FaultProxy storage = await FaultProxy.StartAsync(hub.Storage.Address);
        await using FaultProxy api = await FaultProxy.StartAsync(hub.Api.Address, storage);
        await RunAsync(bench, [api, storage], hub.Source, null, Options(bench, api.Address));
    }

    [Fact]
    public async Task Two_hubs_of_which_one_stands_in_for_the_other()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false, inMemory: true);
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        await using FaultProxy storage = await FaultProxy.StartAsync(hub.Storage.Address);
        await using FaultProxy first = await FaultProxy.StartAsync(hub.Api.Address, storage);
        await using FaultProxy second = await FaultProxy.StartAsync(hub.Api.Address);
        await RunAsync(bench, [first, storage, second], hub.Source, null, Options(bench, first.Address) with { HubMirrors = [second.Address] });
    }

    [Fact]
    public async Task A_bucket_that_names_a_digest()
    {
        await using StandInBucket bucket = await StandInBucket.StartAsync(Model);
        (bucket.Headers["x-amz-checksum-sha256"], bucket.Headers["x-amz-checksum-type"]) = (Convert.ToBase64String(SHA256.HashData(Model)), "FULL_OBJECT");
        await using FaultProxy proxy = await FaultProxy.StartAsync(bucket.Bench.Server.Address);
        await RunAsync(bucket.Bench, [proxy], StandInBucket.Source, null, Options(bucket.Bench) with { S3 = bucket.Options(endpoint: proxy.Address) });
    }

    [Fact]
    public async Task A_registry()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false, inMemory: true);
        ModelImage.Docker((ModelImage.DockerGguf, Model)).Serve(bench, "acme/m", "latest");
        await using FaultProxy proxy = await FaultProxy.StartAsync(bench.Server.Address);
        await RunAsync(bench, [proxy], $"oci://{proxy.Address.Authority}/acme/m:latest", null, Options(bench));
    }

    [Fact]
    public async Task A_web_server_and_its_mirror()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false, inMemory: true);
        bench.Server.Serve("/models/m.gguf", new ServedFile(Model));
        await using FaultProxy origin = await FaultProxy.StartAsync(bench.Server.Address);
        await using FaultProxy mirror = await FaultProxy.StartAsync(bench.Server.Address);
        await RunAsync(bench, [origin, mirror], $"{origin.Address}models/m.gguf", Digest, Options(bench) with
        {
            Mirrors = [SourceMirror.Parse($"{origin.Address}models/={mirror.Address}models/")!],
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_versions_of_a_file_without_a_digest_never_meet(bool hasTag)
    {
        await using FetchBench bench = await FetchBench.StartAsync(inMemory: true);
        var file = new ServedFile(Model) { ETag = hasTag ? "\"v1\"" : null, LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        Uri location = bench.Server.Serve("/m.gguf", file);
        await RunAsync(bench, [], location.AbsoluteUri, null, Options(bench), random =>
        {
            (file.Content, file.ETag, file.LastModified) = (Model, hasTag ? "\"v1\"" : null, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
            int left = random.Next(1, 6);
            var gate = new Lock();
            file.Fault = _ =>
            {
                // Ranges come several at once.
                lock (gate)
                {
                    if (left-- <= 0)
                    {
                        return null;
                    }

                    if (random.Next(3) == 0)
                    {
                        bool first = file.Content == Other;
                        (file.Content, file.ETag, file.LastModified) =
                            (first ? Model : Other, hasTag ? first ? "\"v1\"" : "\"v2\"" : null, new DateTimeOffset(2026, 1, first ? 1 : 2, 0, 0, 0, TimeSpan.Zero));
                    }

                    return random.Next(4) switch
                    {
                        0 => new ServedFault { Status = 503 },
                        1 => null,
                        _ => new ServedFault { CutAfter = random.Next(Model.Length), IgnoreIfRange = random.Next(2) == 0 },
                    };
                }
            };
        });
    }

    private static ModelFetcherOptions Options(FetchBench bench, Uri? hub = null) => bench.Options(hub: hub) with { RangeBytes = RangeBytes };

    private async Task RunAsync(
        FetchBench bench, IReadOnlyList<FaultProxy> proxies, string source, string? sha256, ModelFetcherOptions options, Action<Random>? arrange = null)
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        int fetched = 0;
        var reasons = new ConcurrentDictionary<ModelSourceReason, int>();
        for (int schedule = 0; schedule < Schedules; schedule++)
        {
            // Half of them are the same each time.
            var random = new Random(unchecked((schedule % 2 == 0 ? 20_261_201 : seed) * 31 + schedule));
            arrange?.Invoke(random);
            foreach (FaultProxy proxy in proxies)
            {
                int left = random.Next(10) == 0 ? int.MaxValue : random.Next(6);
                var gate = new Lock();
                proxy.Fault = () =>
                {
                    lock (gate)
                    {
                        return left-- > 0 ? Next(random) : null;
                    }
                };
            }

            try
            {
                VerifiedModel model = await bench.FetchAsync(source, sha256, options: options);
                byte[] got = await File.ReadAllBytesAsync(model.Path, TestContext.Current.CancellationToken);
                Assert.True(got.AsSpan().SequenceEqual(Model) || (arrange is not null && got.AsSpan().SequenceEqual(Other)), $"seed {seed}, schedule {schedule}: a wrong file");
                model.Use!.Dispose();
                fetched++;
            }
            catch (ModelSourceException e)
            {
                reasons.AddOrUpdate(e.Reason, 1, static (_, count) => count + 1);
                Assert.True(e.Message.Length > 40, $"seed {seed}, schedule {schedule}: {e.Message}");
                Assert.Empty(bench.Published());
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, schedule {schedule}: {e}");
            }

            if (Directory.Exists(bench.Models))
            {
                Directory.Delete(bench.Models, recursive: true);
            }
        }

        output.WriteLine($"{fetched} of {Schedules} fetched; {string.Join(", ", reasons.Select(reason => $"{reason.Key} {reason.Value}"))}");
        Assert.InRange(fetched, Schedules / 4, Schedules);
    }

    private static ServedFault Next(Random random) => random.Next(10) switch
    {
        0 => new ServedFault { Status = random.Next(2) == 0 ? 429 : 503, RetryAfter = random.Next(2) == 0 ? "7" : null },
        1 => new ServedFault { Status = 500 + random.Next(5) },
        2 => new ServedFault { RedirectTo = new Uri("http://localhost/") },
        3 => new ServedFault { CorruptAt = random.Next(1 << 20) },
        4 => new ServedFault { DeclareLength = random.Next(1 << 20) },
        5 => new ServedFault { CutAfter = random.Next(1 << 20), CorruptAt = random.Next(1 << 20) },
        6 => new ServedFault { DelayMilliseconds = random.Next(1, 5), CutAfter = random.Next(2) == 0 ? random.Next(1 << 20) : null },
        _ => new ServedFault { CutAfter = random.Next(1 << 20) },
    };
}
