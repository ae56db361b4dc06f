using System.Net;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.ControllerRuntime.WorkQueue;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.Reconciling;

public sealed class RetryPolicyTests
{
    private static readonly ObjectKey Key = new("ns", "name");
    private static readonly KubeApiException Busy = new(HttpStatusCode.TooManyRequests, "TooManyRequests", "busy", "GET x") { RetryAfter = TimeSpan.FromSeconds(7) };

    private readonly RetryPolicy _policy = new(new(random: () => 0), new TokenBucket(new FakeTimeProvider()));

    [Fact]
    public void What_the_server_asks_to_wait_is_waited_and_is_no_failure_of_the_object()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.InRange(_policy.Next(Key, Busy), TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(7.7));
        }

        Assert.Equal(TimeSpan.FromMilliseconds(5), _policy.Next(Key, new IOException()));
    }

    [Fact]
    public void The_servers_wish_is_found_inside_other_exceptions()
    {
        Assert.True(_policy.Next(Key, new InvalidOperationException("wrapped", new AggregateException(Busy))) >= TimeSpan.FromSeconds(7));
    }

    [Fact]
    public void A_key_waits_for_its_own_back_off_or_for_its_turn_among_all_whichever_is_later()
    {
        var first = Enumerable.Range(0, 100).Select(i => _policy.Next(new("ns", $"{i}"), null)).ToList();
        Assert.All(first, delay => Assert.Equal(TimeSpan.FromMilliseconds(5), delay));

        Assert.Equal(100, _policy.Next(new("ns", "after the burst"), null).TotalMilliseconds, 3);
        for (var i = 0; i < 20; i++)
        {
            _policy.Next(Key, null);
        }

        Assert.Equal(TimeSpan.FromMinutes(5), _policy.Next(Key, null));
    }
}
