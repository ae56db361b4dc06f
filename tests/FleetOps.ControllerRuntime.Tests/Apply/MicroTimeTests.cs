using System.Text.Json;
using FsCheck.Xunit;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Tests.Apply;

public sealed class MicroTimeTests
{
    [Property(MaxTest = 300)]
    public bool Times_are_written_with_six_digits_and_read_back_to_the_microsecond(DateTime time)
    {
        var utc = DateTime.SpecifyKind(time, DateTimeKind.Utc);
        var json = JsonSerializer.Serialize(new V1Lease { Spec = new V1LeaseSpec { RenewTime = utc } }, BuiltInTypes.Leases.Json);
        var text = JsonDocument.Parse(json).RootElement.GetProperty("spec").GetProperty("renewTime").GetString()!;
        var back = JsonSerializer.Deserialize(json, BuiltInTypes.Leases.Json)!.Spec.RenewTime!.Value;
        return text.Length == "2026-01-01T00:00:00.000000Z".Length
            && text[19] == '.'
            && text[^1] == 'Z'
            && utc - back >= TimeSpan.Zero
            && utc - back < TimeSpan.FromMicroseconds(1);
    }

    [Theory]
    [InlineData("2026-01-01T00:00:00Z")]
    [InlineData("2026-01-01T00:00:00.1234567Z")]
    [InlineData("2026-01-01T01:00:00+01:00")]
    public void All_spellings_of_a_time_are_read(string text)
    {
        var lease = JsonSerializer.Deserialize($$$"""{"spec":{"renewTime":"{{{text}}}"}}""", BuiltInTypes.Leases.Json)!;

        Assert.Equal(2026, lease.Spec.RenewTime!.Value.Year);
        Assert.Equal(0, lease.Spec.RenewTime.Value.Hour);
        Assert.Equal(DateTimeKind.Utc, lease.Spec.RenewTime.Value.Kind);
    }

    [Fact]
    public void Text_that_is_no_time_is_refused_with_its_value()
    {
        var refused = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"spec":{"renewTime":"yesterday"}}""", BuiltInTypes.Leases.Json));

        Assert.Contains("yesterday", refused.Message, StringComparison.Ordinal);
    }
}
