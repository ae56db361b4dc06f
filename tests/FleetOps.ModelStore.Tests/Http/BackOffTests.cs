using FleetOps.ModelStore.Http;
using FsCheck.Xunit;

namespace FleetOps.ModelStore.Tests.Http;

public sealed class BackOffTests
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Property]
    public bool A_pause_lies_in_the_upper_half_of_its_step(ushort failures, byte random)
    {
        int count = failures + 1;
        double step = Math.Min(Math.Pow(2, Math.Min(count - 1, 40)), 60);
        double pause = BackOff.Delay(count, First, Bound, random / 256.0).TotalSeconds;
        return pause >= step / 2 && pause <= step;
    }

    [Property]
    public bool Pauses_never_shrink_for_the_same_chance(byte failures, byte random) =>
        BackOff.Delay(failures + 2, First, Bound, random / 256.0) >= BackOff.Delay(failures + 1, First, Bound, random / 256.0);
}
