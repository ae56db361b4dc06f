using FleetOps.ControllerRuntime.WorkQueue;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.WorkQueue;

public sealed class TokenBucketTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_burst_is_free_and_then_ten_go_each_second()
    {
        var bucket = new TokenBucket(_time);

        var waits = Enumerable.Range(0, 105).Select(_ => Math.Round(bucket.Reserve().TotalSeconds, 6)).ToList();

        Assert.All(waits.Take(100), wait => Assert.Equal(0, wait));
        Assert.Equal([0.1, 0.2, 0.3, 0.4, 0.5], waits.Skip(100));
    }

    [Fact]
    public void It_fills_again_with_time_up_to_the_burst()
    {
        var bucket = new TokenBucket(_time, perSecond: 2, burst: 3);
        for (var i = 0; i < 5; i++)
        {
            bucket.Reserve();
        }

        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal([0, 0, 0, 0.5], Enumerable.Range(0, 4).Select(_ => bucket.Reserve().TotalSeconds));
    }

    [Fact]
    public void Nobody_is_asked_to_wait_for_longer_than_the_limit()
    {
        var bucket = new TokenBucket(_time, perSecond: 1, burst: 1, max: TimeSpan.FromSeconds(2));

        Assert.Equal([0, 1, 2, 2, 2], Enumerable.Range(0, 5).Select(_ => bucket.Reserve().TotalSeconds));
    }

    [Property(MaxTest = 300)]
    public bool Never_more_than_the_burst_and_the_refill_go_in_any_stretch_of_time(byte[] pauses)
    {
        var bucket = new TokenBucket(_time, perSecond: 4, burst: 5);
        var admitted = new List<double>();
        var now = 0d;
        foreach (var pause in pauses)
        {
            _time.Advance(TimeSpan.FromMilliseconds(pause));
            now += pause / 1000d;
            admitted.Add(now + bucket.Reserve().TotalSeconds);
        }

        return admitted.Order().Select((from, i) => admitted.Order().Skip(i).Select((to, n) => n + 1 <= 5 + (4 * (to - from)) + 1e-6).All(fits => fits)).All(fits => fits);
    }
}
