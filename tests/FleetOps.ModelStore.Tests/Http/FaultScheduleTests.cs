using System.Globalization;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

/// <summary>Whatever a server does, a fetch ends in the right file or in a clear refusal, never in a wrong file.</summary>
public sealed class FaultScheduleTests(ITestOutputHelper output)
{
    // Of each of the two tests, beside those of ProxyScheduleTests; more by the variable, for a night.
    private static readonly int Schedules =
        int.TryParse(Environment.GetEnvironmentVariable("FLEETOPS_FAULT_SCHEDULES"), CultureInfo.InvariantCulture, out int many) ? many / 2 : 125;

    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 100_000).Build();
    private static readonly byte[] Other = GgufBuilder.Model(tensorBytes: 100_000, seed: 2).Build();

    // One schedule in so many fetches a split model of about the same size.
    private const int SplitEach = 10;
    private static readonly byte[][] Split = GgufBuilder.Split(3, tensorBytes: 33_000);
    private static readonly byte[][] OtherSplit = GgufBuilder.Split(3, tensorBytes: 33_000, seed: 10);

    [Fact]
    public Task Schedules_with_a_fixed_seed() => RunAsync(20_260_101);

    [Fact]
    public Task Schedules_with_a_seed_of_today()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        return RunAsync(seed);
    }

    private static async Task RunAsync(int seed)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false, inMemory: true);
        int fetched = 0;
        for (int schedule = 0; schedule < Schedules; schedule++)
        {
            var random = new Random(unchecked(seed * 31 + schedule));
            bool isSplit = schedule % SplitEach == 0;
            byte[][] files = isSplit ? Split : [Model], others = isSplit ? OtherSplit : [Other];
            string[] paths = isSplit ? [.. files.Select((_, i) => $"/{schedule}-0000{i + 1}-of-00003.gguf")] : [$"/{schedule}.gguf"];
            foreach ((string path, byte[] file, byte[] other) in paths.Zip(files, others))
            {
                Serve(bench, path, file, other, random, mostFaults: isSplit ? 2 : 5);
            }

            try
            {
                VerifiedModel model = await bench.FetchAsync(bench.Server.At(paths[0]), isSplit ? FetchBench.Sha256(files) : FetchBench.Sha256(Model));
                foreach ((string path, byte[] file) in paths.Zip(files))
                {
                    Assert.Equal(file, await File.ReadAllBytesAsync(Path.Join(Path.GetDirectoryName(model.Path), path), TestContext.Current.CancellationToken));
                }

                fetched++;

                // Or the next one would find its bytes here.
                Directory.Delete(bench.Models, recursive: true);
            }
            catch (ModelSourceException e)
            {
                Assert.True(e.Message.Length > 40, $"seed {seed}, schedule {schedule}: {e.Message}");
                Assert.Empty(Directory.Exists(bench.Models) ? Directory.GetFiles(bench.Models, "verdict.json", SearchOption.AllDirectories) : []);
                Assert.DoesNotContain(bench.Published(), path => path.EndsWith($"/{schedule}.gguf", StringComparison.Ordinal));
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, schedule {schedule}: {e}");
            }
        }

        Assert.InRange(fetched, Schedules / 4, Schedules);
    }

    private static void Serve(FetchBench bench, string path, byte[] content, byte[] other, Random random, int mostFaults)
    {
        int faults = random.Next(1, mostFaults + 1);
        bool lastIsFaulty = random.Next(4) == 0;
        var file = new ServedFile(content) { ETag = random.Next(3) == 0 ? null : "\"v1\"" };
        Uri elsewhere = bench.Server.Serve($"/elsewhere{path}", new ServedFile(random.Next(2) == 0 ? content : other));
        file.Fault = request => request <= faults || lastIsFaulty ? Next(random, file, elsewhere, content, other) : null;
        bench.Serve(path, file);
    }

    private static ServedFault Next(Random random, ServedFile file, Uri elsewhere, byte[] content, byte[] other)
    {
        int place = random.Next(content.Length);
        switch (random.Next(12))
        {
            case 0: return new ServedFault { Status = random.Next(2) == 0 ? 503 : 429, RetryAfter = random.Next(2) == 0 ? "7" : null };
            case 1 or 2: return new ServedFault { CutAfter = place };
            case 3: return new ServedFault { CutAfter = place, CorruptAt = random.Next(content.Length) };
            case 4: return new ServedFault { IgnoreRange = true, CutAfter = place };
            case 5: return new ServedFault { DeclareLength = content.Length + 100 };
            case 6: return new ServedFault { ShiftRange = 1, CutAfter = place };
            case 9: return new ServedFault { RedirectTo = elsewhere };
            case 10: return new ServedFault { DelayMilliseconds = random.Next(1, 5), CutAfter = random.Next(2) == 0 ? place : null };
            case 11: return new ServedFault { Status = 500 + random.Next(5) };
            case 7: return new ServedFault { CorruptAt = place };
            default:
                file.Content = file.Content == content ? other : content;
                file.ETag = file.ETag is null ? null : file.Content == content ? "\"v1\"" : "\"v2\"";
                return new ServedFault { CutAfter = place, IgnoreIfRange = random.Next(2) == 0 };
        }
    }
}
