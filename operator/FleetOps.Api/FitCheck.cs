using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>What a worker does when the model, by its header, needs more memory than there is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FitCheck>))]
public enum FitCheck
{
    /// <summary>It downloads nothing and fails.</summary>
    Refuse,

    /// <summary>It says so in its log, downloads and tries.</summary>
    Warn,
}
