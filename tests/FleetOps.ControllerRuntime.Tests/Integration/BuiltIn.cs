using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>CustomResourceDefinitions, which the runtime itself has no use for.</summary>
internal static class BuiltIn
{
    public static ResourceType<V1CustomResourceDefinition> Definitions { get; } =
        new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", SourceGenerationContext.Default.V1CustomResourceDefinition) { Namespaced = false };

    public static V1CustomResourceDefinition Definition(string plural, string kind) => new()
    {
        ApiVersion = "apiextensions.k8s.io/v1",
        Kind = "CustomResourceDefinition",
        Metadata = new V1ObjectMeta { Name = $"{plural}.test.example.org" },
        Spec = new V1CustomResourceDefinitionSpec
        {
            Group = "test.example.org",
            Scope = "Namespaced",
            Names = new V1CustomResourceDefinitionNames { Plural = plural, Kind = kind, Singular = kind.ToLowerInvariant() },
            Versions =
            [
                new V1CustomResourceDefinitionVersion
                {
                    Name = "v1",
                    Served = true,
                    Storage = true,
                    Schema = new V1CustomResourceValidation { OpenAPIV3Schema = new V1JSONSchemaProps { Type = "object", XKubernetesPreserveUnknownFields = true } },
                },
            ],
        },
    };
}
