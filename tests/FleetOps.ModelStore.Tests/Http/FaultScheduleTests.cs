using System.Globalization;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

/// <summary>Whatever a server does, a fetch ends in the right file or in a clear refusal, never in a wrong file.</summary>
public sealed class FaultScheduleTests(ITestOutputHelper output)
{
    // Of each of the two tests; more by the variable, for a night.
    private static readonly int Schedules =
        int.TryParse(Environment.GetEnvironmentVariable("FLEETOPS_FAULT_SCHEDULES"), CultureInfo.InvariantCulture, out int many) ? many / 2 : 250;

    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 100_000).Build();
    private static readonly byte[] Other = GgufBuilder.Model(tensorBytes: 100_000, seed: 2).Build();

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
            int faults = random.Next(1, 6);
            bool lastIsFaulty = random.Next(4) == 0;
            var file = new ServedFile(Model) { ETag = random.Next(3) == 0 ? null : "\"v1\"" };
            Uri elsewhere = bench.Server.Serve($"/elsewhere/{schedule}.gguf", new ServedFile(random.Next(2) == 0 ? Model : Other));
            file.Fault = request => request <= faults || lastIsFaulty ? Next(random, file, elsewhere) : null;
            try
            {
                VerifiedModel model = await bench.FetchAsync(bench.Serve($"/{schedule}.gguf", file), FetchBench.Sha256(Model));
                Assert.Equal(FetchBench.Sha256(Model), FetchBench.Sha256(await File.ReadAllBytesAsync(model.Path, TestContext.Current.CancellationToken)));
                fetched++;

                // Or the next one would find its bytes here.
                Directory.Delete(bench.Models, recursive: true);
            }
            catch (ModelSourceException e)
            {
                Assert.True(e.Message.Length > 40, $"seed {seed}, schedule {schedule}: {e.Message}");
                Assert.DoesNotContain(bench.Published(), path => path.EndsWith($"/{schedule}.gguf", StringComparison.Ordinal));
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, schedule {schedule}: {e}");
            }
        }

        Assert.InRange(fetched, Schedules / 4, Schedules);
    }

    private static ServedFault Next(Random random, ServedFile file, Uri elsewhere)
    {
        int place = random.Next(Model.Length);
        switch (random.Next(12))
        {
            case 0: return new ServedFault { Status = random.Next(2) == 0 ? 503 : 429, RetryAfter = random.Next(2) == 0 ? "7" : null };
            case 1 or 2: return new ServedFault { CutAfter = place };
            case 3: return new ServedFault { CutAfter = place, CorruptAt = random.Next(Model.Length) };
            case 4: return new ServedFault { IgnoreRange = true, CutAfter = place };
            case 5: return new ServedFault { DeclareLength = Model.Length + 100 };
            case 6: return new ServedFault { ShiftRange = 1, CutAfter = place };
            case 9: return new ServedFault { RedirectTo = elsewhere };
            case 10: return new ServedFault { DelayMilliseconds = random.Next(1, 5), CutAfter = random.Next(2) == 0 ? place : null };
            case 11: return new ServedFault { Status = 500 + random.Next(5) };
            case 7: return new ServedFault { CorruptAt = place };
            default:
                file.Content = file.Content == Model ? Other : Model;
                file.ETag = file.ETag is null ? null : file.Content == Model ? "\"v1\"" : "\"v2\"";
                return new ServedFault { CutAfter = place, IgnoreIfRange = random.Next(2) == 0 };
        }
    }
}
