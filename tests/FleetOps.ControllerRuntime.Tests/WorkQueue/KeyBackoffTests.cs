using FleetOps.ControllerRuntime.WorkQueue;

namespace FleetOps.ControllerRuntime.Tests.WorkQueue;

public sealed class KeyBackoffTests
{
    [Fact]
    public void Delays_double_from_5_ms_and_stop_at_5_min()
    {
        var backoff = new KeyBackoff<string>(random: () => 0);

        var delays = Enumerable.Range(0, 40).Select(_ => backoff.Next("a")).ToList();

        Assert.Equal([5, 10, 20, 40], delays.Take(4).Select(delay => delay.TotalMilliseconds));
        Assert.Equal(TimeSpan.FromMinutes(5), delays[^1]);
    }

    [Fact]
    public void A_forgotten_key_begins_anew_and_others_are_not_touched()
    {
        var backoff = new KeyBackoff<string>(random: () => 0);
        backoff.Next("a");
        backoff.Next("a");
        backoff.Next("b");

        backoff.Forget("a");

        Assert.Equal(TimeSpan.FromMilliseconds(5), backoff.Next("a"));
        Assert.Equal(TimeSpan.FromMilliseconds(10), backoff.Next("b"));
    }

    [Fact]
    public void Jitter_lengthens_by_at_most_a_tenth()
    {
        var backoff = new KeyBackoff<int>();

        for (var key = 0; key < 1000; key++)
        {
            Assert.InRange(backoff.Next(key).TotalMilliseconds, 5, 5.5);
        }
    }
}
