using System.Text;
using System.Text.Json.Nodes;
using FleetOps.ControllerRuntime.Apply;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.ControllerRuntime.Tests.Apply;

public sealed class IntentDigestionTests
{
    [Theory]
    [InlineData("""{"a":1,"b":{"c":"x","d":[1,2]}}""", """{"b":{"d":[1,2],"c":"x"},"a":1}""")]
    [InlineData("""{"a":1,"b":null}""", """{"a":1}""")]
    [InlineData("""{"a":1,"status":{"x":1}}""", """{"a":1,"kind":"Other"}""")]
    [InlineData("""{"metadata":{"name":"n","uid":"1","resourceVersion":"2"}}""", """{"metadata":{"name":"n"}}""")]
    public void What_means_the_same_has_one_digest(string one, string other) => Assert.Equal(Digest(one), Digest(other));

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""", true)]
    [InlineData("""{"a":1}""", """{"a":"1"}""", true)]
    [InlineData("""{"a":{"b":1}}""", """{"a":{"c":1}}""", false)]
    [InlineData("""{"a":{"b":1},"c":{}}""", """{"a":{},"c":{"b":1}}""", false)]
    [InlineData("""{"a":["x","y"]}""", """{"a":["y","x"]}""", true)]
    [InlineData("""{"a":["x","y"]}""", """{"a":["x"]}""", true)]
    [InlineData("""{"a":[{"b":1},{"c":1}]}""", """{"a":[{"b":1}]}""", false)]
    [InlineData("""{"a":true}""", """{"a":false}""", true)]
    [InlineData("""{"a":{}}""", """{}""", false)]
    [InlineData("""{"ab":{"c":1}}""", """{"a":{"bc":1}}""", false)]
    public void What_differs_has_another_digest_and_the_fields_are_told_from_their_values(string one, string other, bool hasSameFields)
    {
        Assert.NotEqual(Digest(one).Content, Digest(other).Content);
        Assert.Equal(hasSameFields, Digest(one).Fields == Digest(other).Fields);
    }

    [Fact]
    public void The_kind_counts() =>
        Assert.NotEqual(IntentDigestion.Of("v1", "Service", "{}"u8), IntentDigestion.Of("v1", "ServiceAccount", "{}"u8));

    [Fact]
    public void A_digest_is_read_as_it_was_written()
    {
        var digest = Digest("""{"a":1}""");

        Assert.Equal(digest, IntentDigest.Parse(digest.ToString()));
        Assert.Null(IntentDigest.Parse("0123456789abcdef0123456789abcdef"));
        Assert.Null(IntentDigest.Parse(null));
    }

    // Installed children carry it: another value here is a write of every child of every installation.
    [Fact]
    public void The_digest_stays_what_it_was_in_earlier_releases() =>
        Assert.Equal("99b28abe2999ff87b650934e53177c93-16101683ec468664", Digest("""{"metadata":{"name":"n","labels":{"a":"b"}},"spec":{"list":[{"name":"x","n":1.5}],"args":["1","2"]}}""").ToString());

    [Property(MaxTest = 300)]
    public Property Any_change_of_one_value_changes_the_digest() =>
        Prop.ForAll(Gen.Choose(0, 1_000_000).Two().ToArbitrary(), pair =>
        {
            var (one, other) = (Digest($$$"""{"spec":{"n":{{{pair.Item1}}},"t":"{{{pair.Item2}}}"}}"""), Digest($$$"""{"spec":{"n":{{{pair.Item2}}},"t":"{{{pair.Item1}}}"}}"""));
            return (pair.Item1 == pair.Item2) == (one == other);
        });

    private static IntentDigest Digest(string json) => IntentDigestion.Of("v1", "Thing", Encoding.UTF8.GetBytes(JsonNode.Parse(json)!.ToJsonString()));
}
