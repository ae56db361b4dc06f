using FleetOps.ControllerRuntime.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.Hosting;

public sealed class IdleCollectionTests
{
    private const long Megabyte = 1024 * 1024;

    [Fact]
    public async Task Memory_is_given_back_once_after_a_burst_has_ended()
    {
        var time = new FakeTimeProvider();
        long allocated = 0;
        var looks = 0;
        var collections = 0;
        using var idle = new IdleCollection(
            time,
            () =>
            {
                Interlocked.Increment(ref looks);
                return Interlocked.Read(ref allocated);
            },
            () => Interlocked.Increment(ref collections));
        await idle.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Volatile.Read(ref looks) == 1, "it has looked for the first time");

        await LookAsync(100 * Megabyte);
        Assert.Equal(0, Volatile.Read(ref collections));
        await LookAsync(Megabyte);
        await Eventually.TrueAsync(() => Volatile.Read(ref collections) == 1, "it has collected");
        await LookAsync(Megabyte);
        await LookAsync(10 * Megabyte);
        await LookAsync(0);
        Assert.Equal(1, Volatile.Read(ref collections));

        await idle.StopAsync(TestContext.Current.CancellationToken);

        async Task LookAsync(long more)
        {
            var before = Volatile.Read(ref looks);
            Interlocked.Add(ref allocated, more);
            // Once: a tick that comes while nobody waits for it is kept.
            time.Advance(IdleCollection.Interval);
            await Eventually.TrueAsync(() => Volatile.Read(ref looks) == before + 1, "it has looked");
        }
    }
}
