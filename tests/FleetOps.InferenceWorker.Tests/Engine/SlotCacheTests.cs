using FleetOps.InferenceWorker.Engine.Prefixes;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.LlamaCpp.Contexts;
using FsCheck;
using FsCheck.Fluent;

namespace FleetOps.InferenceWorker.Tests.Engine;

public sealed class SlotCacheTests
{
    private const int Slots = 8;

    [Fact]
    public async Task A_request_gets_the_slot_that_keeps_the_running_ones_together_as_well_as_can_be()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        using var context = new LlamaContext(worker.Served.Model, new ContextParameters { ContextLength = 256, MaxSequences = Slots, Threads = 1 });

        Prop.ForAll(Gen.Choose(0, 2 * Slots).ArrayOf().ToArbitrary(), steps =>
        {
            var cache = new SlotCache(context, Slots, reuses: true);
            var busy = new bool[Slots];
            for (var i = 0; i < steps.Length; i++)
            {
                if (steps[i] < Slots && busy[steps[i]])
                {
                    cache.Release(steps[i]);
                    busy[steps[i]] = false;
                }
                else if (cache.Free > 0)
                {
                    // Other tokens each time, and no content in the cache: nothing but the order of slots counts.
                    var placement = cache.Place(default, [i, i]);
                    Assert.False(busy[placement.Slot]);
                    var best = Enumerable.Range(0, Slots).Where(slot => !busy[slot]).Min(slot => Runs(busy, slot));
                    Assert.Equal(best, Runs(busy, placement.Slot));
                    cache.Take(placement);
                    busy[placement.Slot] = true;
                }

                Assert.Equal(busy.Count(held => !held), cache.Free);
            }
        }).QuickCheckThrowOnFailure();
    }

    private static int Runs(bool[] busy, int and)
    {
        var held = busy.Select((one, slot) => one || slot == and).ToArray();
        return held.Where((one, slot) => one && (slot == 0 || !held[slot - 1])).Count();
    }
}
