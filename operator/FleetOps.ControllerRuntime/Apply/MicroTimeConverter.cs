using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Writes UTC times with exactly six fraction digits. API servers parse MicroTime (Lease.renewTime, Event.eventTime) with that
/// exact layout and answer 400 to none or to seven digits; plain Time fields accept the fraction too.
/// </summary>
internal sealed class MicroTimeConverter : JsonConverter<DateTime>
{
    private const string Layout = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.GetString();
        return DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new JsonException($"'{text}' is not an RFC 3339 time.");
    }

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToUniversalTime().ToString(Layout, CultureInfo.InvariantCulture));
}
