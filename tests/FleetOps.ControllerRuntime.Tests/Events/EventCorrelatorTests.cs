using System.Text;
using FleetOps.ControllerRuntime.Events;
using k8s.Models;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.Events;

public sealed class EventCorrelatorTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly EventCorrelator _correlator;

    public EventCorrelatorTests() => _correlator = new EventCorrelator(_time, "component", "instance");

    [Fact]
    public void The_same_event_again_is_one_more_of_its_series()
    {
        var first = _correlator.Correlate(Event("same"));
        var second = _correlator.Correlate(Event("same"));

        Assert.Same(first, second);
        Assert.Equal(2, second!.Count);
    }

    [Fact]
    public void Events_of_other_objects_or_messages_are_events_of_their_own()
    {
        var first = _correlator.Correlate(Event("one"))!;
        var second = _correlator.Correlate(Event("two"))!;
        var third = _correlator.Correlate(Event("one", name: "other"))!;

        Assert.Equal([1, 1, 1], new[] { first, second, third }.Select(entry => entry.Count));
        Assert.Equal(3, new[] { first.Name, second.Name, third.Name }.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Events_that_differ_only_in_their_message_are_combined_after_ten()
    {
        var entries = Enumerable.Range(0, 14).Select(i => _correlator.Correlate(Event($"message {i}"))!).ToList();

        Assert.Equal(11, entries.Distinct().Count());
        Assert.StartsWith("(combined from similar events): ", entries[^1].Note, StringComparison.Ordinal);
        Assert.Equal(4, entries[^1].Count);
    }

    [Fact]
    public void An_object_that_flaps_is_limited_and_may_speak_again_after_a_while()
    {
        var written = Enumerable.Range(0, 100).Count(_ => _correlator.Correlate(Event("flap")) is not null);
        Assert.Equal(25, written);
        Assert.NotNull(_correlator.Correlate(Event("fine", name: "other")));

        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.NotNull(_correlator.Correlate(Event("flap")));
        Assert.Null(_correlator.Correlate(Event("flap")));
    }

    [Fact]
    public void Names_fit_the_bound_of_the_api()
    {
        var entry = _correlator.Correlate(Event("long", name: new string('n', 253)))!;

        Assert.True(entry.Name.Length <= 253);
    }

    [Theory]
    [InlineData("short", 5)]
    [InlineData("ä", 2)]
    public void Short_notes_are_kept(string text, int bytes)
    {
        Assert.Equal(bytes, Encoding.UTF8.GetByteCount(EventText.Fit(text)));
    }

    [Fact]
    public void Long_notes_are_cut_at_a_character()
    {
        var note = EventText.Fit(string.Concat(Enumerable.Repeat("😀ä", 500)));

        Assert.InRange(Encoding.UTF8.GetByteCount(note), 1000, 1024);
        Assert.EndsWith("…", note, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', note);
    }

    private RecordedEvent Event(string note, string name = "object") =>
        new(new V1ObjectReference { Kind = "ConfigMap", NamespaceProperty = "ns", Name = name, Uid = "uid-" + name }, EventType.Warning, "Reason", note, "Reconcile", _time.GetUtcNow().UtcDateTime);
}
